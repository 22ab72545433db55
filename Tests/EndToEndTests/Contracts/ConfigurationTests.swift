import Foundation
import Testing

/// The configuration: where it is read from, who wins, and what is said when it is wrong.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct ConfigurationTests {
    private func withConfiguration(
        _ text: String, _ body: (GridFixture, _ path: String) async throws -> Void
    ) async throws {
        let grid = try GridFixture()
        let path = "\(grid.scratch)/noizylab.toml"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        do {
            try await body(grid, path)
        } catch {
            await grid.remove()
            throw error
        }
        await grid.remove()
    }

    @Test(arguments: [
        ("[coordinator]\nlistne = \"127.0.0.1:0\"\n", "listen"),
        ("clutser = \"X\"\n", "cluster"),
        ("[[node]]\nname = \"A\"\nrol = \"compute\"\n", "role"),
    ])
    func `an unknown key is an error that suggests the right one`(text: String, suggestion: String) async throws {
        try await withConfiguration(text) { grid, path in
            let result = try await grid.noizylab("start", "--config", path)
            #expect(result.exitCode == 2, "\(result)")
            #expect(result.stderr.contains("“\(suggestion)”") || result.stderr.contains(suggestion), "\(result)")
            #expect(ProcessTable.processes(ofHome: grid.home).isEmpty, "nothing was started")
        }
    }

    @Test(arguments: [
        "cluster = \n", "[coordinator]\nlisten = \"nonsense\"\n", "[coordinator]\nlisten = 5\n",
        "[coordinator]\nlisten = \"0.0.0.0:99999\"\n", "[[node]]\nrole = \"compute\"\n",
        "[[node]]\nname = \"two words\"\n", "[[node]]\nname = \"A\"\nlink = \"telepathy\"\n",
        "[[node]]\nname = \"A\"\n[[node]]\nname = \"A\"\n",
    ])
    func `a wrong value is an error that names its place`(text: String) async throws {
        try await withConfiguration(text) { grid, path in
            let result = try await grid.noizylab("start", "--config", path)
            #expect(result.exitCode == 2, "\(result)")
            #expect(result.stderr.contains("noizylab.toml"), "\(result)")
        }
    }

    @Test func `a file that is not there is an error that names it`() async throws {
        try await withConfiguration("") { grid, _ in
            let result = try await grid.noizylab("start", "--config", "/no/such/file.toml")
            #expect(result.exitCode == 2, "\(result)")
            #expect(result.stderr.contains("/no/such/file.toml"))
        }
    }

    @Test func `flags win over the environment, it over the file, and show --origin says so`() async throws {
        try await withConfiguration("cluster = \"FROMFILE\"\n") { grid, path in
            let file = try await grid.noizylab("config", "show", "--origin", "--config", path)
            #expect(file.exitCode == 0, "\(file)")
            #expect(file.stdout.contains("FROMFILE"), "\(file)")
            #expect(file.stdout.contains("noizylab.toml"), "\(file)")
            let environment = try await grid.noizylab(
                "config", "show", "--origin", "--config", path, environment: ["NOIZYLAB_CLUSTER": "FROMENV"])
            #expect(environment.stdout.contains("FROMENV"), "\(environment)")
            #expect(environment.stdout.contains("NOIZYLAB_CLUSTER"), "\(environment)")
            #expect(!environment.stdout.contains("FROMFILE"))
        }
    }

    @Test func `the file is found in NOIZYLAB_CONFIG, then in the folder, then in the home`() async throws {
        try await withConfiguration("cluster = \"HERE\"\n") { grid, path in
            try FileManager.default.createDirectory(atPath: grid.home, withIntermediateDirectories: true)
            try "cluster = \"HOME\"\n".write(toFile: "\(grid.home)/config.toml", atomically: true, encoding: .utf8)
            let elsewhere = "\(grid.scratch)/elsewhere.toml"
            try "cluster = \"ELSEWHERE\"\n".write(toFile: elsewhere, atomically: true, encoding: .utf8)

            let here = try await grid.noizylab("config", "show")
            #expect(here.stdout.contains("HERE"), "\(here)")
            let named = try await grid.noizylab("config", "show", environment: ["NOIZYLAB_CONFIG": elsewhere])
            #expect(named.stdout.contains("ELSEWHERE"), "\(named)")
            try FileManager.default.removeItem(atPath: path)
            let home = try await grid.noizylab("config", "show")
            #expect(home.stdout.contains("HOME"), "\(home)")
        }
    }

    @Test func `a port that is taken is said so, with what to do`() async throws {
        let (descriptor, port) = try PlainSocket.listen()
        defer { close(descriptor) }
        try await withConfiguration("[coordinator]\nlisten = \"127.0.0.1:\(port)\"\nedge = \"127.0.0.1:0\"\n") {
            grid, path in
            let result = try await grid.noizylab("start", "--config", path, within: .seconds(60))
            #expect(result.exitCode != 0, "\(result)")
            #expect(result.stderr.contains("\(port)"), "\(result)")
            try await grid.stopLeavingNothing()
        }
    }
}
