import Foundation
import TestSupport
import Testing

/// A grid of its own for a test: a fresh NOIZYLAB_HOME, free ports, the built binary. `withGrid` and the `.lab` trait
/// stop and remove it whatever happens, and check that nothing is left.
final class GridFixture: Sendable {
    /// NOIZYLAB_HOME.
    let home: String
    /// A folder for files that tests and tasks share.
    let scratch: String
    let binary: String
    let environment: [String: String]
    private let folder: String

    /// The grid of the suite that runs: see `LabGrid`.
    @TaskLocal static var shared: GridFixture?

    static var current: GridFixture {
        get throws {
            guard let shared else { throw TestFailure("this test needs the .lab trait on its suite") }
            return shared
        }
    }

    /// `folder`: where the home is made, for a test that brings a disk of its own.
    init(home givenHome: String? = nil) throws {
        binary = try Workspace.binary()
        folder = try Workspace.freshFolder("grid")
        home = givenHome ?? "\(folder)/home"
        scratch = "\(folder)/scratch"
        let bin = "\(folder)/bin"
        for path in [scratch, bin] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        try FileManager.default.createSymbolicLink(atPath: "\(bin)/noizylab", withDestinationPath: binary)
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("NOIZYLAB_") }
        environment["NOIZYLAB_HOME"] = home
        environment["PATH"] = "\(bin):" + (environment["PATH"] ?? "/usr/bin:/bin")
        environment["TERM"] = "xterm"
        self.environment = environment
    }

    // MARK: Commands

    /// Runs `noizylab` to its end.
    @discardableResult
    func noizylab(
        _ arguments: String..., stdin: Data = Data(), environment extra: [String: String] = [:],
        within limit: Duration = .seconds(60)
    ) async throws -> ProgramResult {
        try await noizylab(arguments, stdin: stdin, environment: extra, within: limit)
    }

    @discardableResult
    func noizylab(
        _ arguments: [String], stdin: Data = Data(), environment extra: [String: String] = [:],
        within limit: Duration = .seconds(60)
    ) async throws -> ProgramResult {
        try await launch(arguments, stdin: stdin, environment: extra).finished(within: limit)
    }

    /// Runs it, and it must succeed.
    @discardableResult
    func succeeding(
        _ arguments: String..., within limit: Duration = .seconds(60), sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> ProgramResult {
        let result = try await noizylab(arguments, within: limit)
        #expect(result.exitCode == 0, "\(result)", sourceLocation: sourceLocation)
        return result
    }

    func launch(
        _ arguments: [String], stdin: Data? = Data(), environment extra: [String: String] = [:],
        readsOutput: Bool = true
    ) throws -> RunningProgram {
        try RunningProgram(
            binary, arguments, environment: environment.merging(extra) { $1 }, folder: scratch, input: stdin,
            readsOutput: readsOutput)
    }

    /// A line as typed into a shell, with `noizylab` on the PATH.
    func shell(
        _ line: String, environment extra: [String: String] = [:], within limit: Duration = .seconds(60)
    ) async throws -> ProgramResult {
        try await RunningProgram(
            "/bin/bash", ["-c", line], environment: environment.merging(extra) { $1 }, folder: scratch
        ).finished(within: limit)
    }

    // MARK: Life

    /// What `configure` wrote.
    var configFile: String { "\(scratch)/noizylab.toml" }

    func configure(_ text: String) throws { try text.write(toFile: configFile, atomically: true, encoding: .utf8) }

    func start(_ arguments: [String] = ["--lab"]) async throws {
        let result = try await noizylab(["start"] + arguments, within: .seconds(60))
        guard result.exitCode == 0 else {
            throw TestFailure("the grid did not start\n\(result)\n\(logs())")
        }
    }

    func status() async throws -> JSON {
        let result = try await noizylab("status", "-o", "json")
        guard result.exitCode == 0 else { throw TestFailure("no status\n\(result)") }
        return try result.json()
    }

    func nodeStates() async throws -> [String: String] {
        var states: [String: String] = [:]
        for node in try await status()["nodes"].items { states[node["name"].text ?? ""] = node["state"].text ?? "" }
        return states
    }

    /// Waits until each of the nodes is online.
    func online(_ names: [String] = ["M2-Ultra", "HP-OMEN", "Mac-Pro"], within limit: Duration = .seconds(45))
        async throws
    {
        try await eventually("\(names) are online", within: limit, every: .milliseconds(100)) {
            guard let states = try? await nodeStates() else { return false }
            return names.allSatisfy { states[$0] == "online" }
        }
    }

    func task(_ name: String) async throws -> JSON {
        let result = try await noizylab("task", "show", name, "-o", "json")
        guard result.exitCode == 0 else { throw TestFailure("no task\n\(result)") }
        return try result.json()
    }

    /// Waits for a task's end and gives it.
    func ended(_ name: String, within limit: Duration = .seconds(60)) async throws -> JSON {
        let terminal: Set = ["succeeded", "failed", "cancelled", "timed_out", "lost"]
        return try await eventuallySome("task \(name) ends", within: limit, every: .milliseconds(100)) {
            let task = try await task(name)
            return terminal.contains(task["state"].text ?? "") ? task : nil
        }
    }

    /// Submits and gives the id.
    func detached(_ arguments: String...) async throws -> String {
        let result = try await noizylab(["run", "--detach", "-o", "json"] + arguments)
        guard result.exitCode == 0, let id = try result.json()["id"].text else {
            throw TestFailure("not accepted\n\(result)")
        }
        return id
    }

    /// The host and port of the mutual TLS listener as this machine reaches it.
    func listenAddress() async throws -> (host: String, port: Int) {
        try Self.reachable(try await status()["coordinator"]["listen"].text ?? "")
    }

    func edgeAddress() async throws -> (host: String, port: Int) {
        try Self.reachable(try await status()["coordinator"]["edge"].text ?? "")
    }

    private static func reachable(_ address: String) throws -> (host: String, port: Int) {
        guard let colon = address.lastIndex(of: ":"), let port = Int(address[address.index(after: colon)...]) else {
            throw TestFailure("not HOST:PORT: \(address)")
        }
        let host = String(address[..<colon])
        return (host.isEmpty || host == "0.0.0.0" || host == "[::]" ? "127.0.0.1" : host, port)
    }

    func pid(of part: String, named name: String? = nil) throws -> Int32 {
        let parts = ProcessTable.part(part, ofHome: home).filter { entry in
            name.map { name in entry.arguments.contains { $0.contains(name) } } ?? true
        }
        guard let first = parts.first else { throw TestFailure("no \(part) \(name ?? "") runs") }
        return first.pid
    }

    /// The ends of the logs, for a report.
    func logs(last characters: Int = 3_000) -> String {
        let folder = "\(home)/log"
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        return names.map { name in
            let data = FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data()
            return "== \(name)\n" + String(decoding: data.suffix(characters), as: UTF8.self)
        }.joined(separator: "\n")
    }

    // MARK: The end

    /// Stops the grid and reports whatever it left: processes, listening ports, files in `run/`.
    func stopLeavingNothing() async throws {
        let ports = try? await [listenAddress().port, edgeAddress().port]
        let stop = try await noizylab("stop", within: .seconds(60))
        #expect(stop.exitCode == 0, "\(stop)\n\(logs())")
        let home = home
        let gone = try await becomesTrue(within: .seconds(2)) { ProcessTable.processes(ofHome: home).isEmpty }
        #expect(gone, "stop left processes: \(ProcessTable.processes(ofHome: home))")
        for port in ports ?? [] {
            #expect(!PlainSocket.isListening(port: port), "stop left port \(port) open")
        }
        let files = (try? FileManager.default.contentsOfDirectory(atPath: "\(home)/run")) ?? []
        #expect(files.isEmpty, "stop left files in run/: \(files)")
    }

    /// Ends everything that has to do with this home, and removes it. Never throws: it is the last thing done.
    func remove() async {
        _ = try? await noizylab("stop", within: .seconds(30))
        for _ in 0..<5 {
            let left = ProcessTable.processes(ofHome: home)
            if left.isEmpty { break }
            for entry in left { kill(entry.pid, SIGKILL) }
            let home = home
            _ = try? await becomesTrue(within: .seconds(2)) { ProcessTable.processes(ofHome: home).isEmpty }
        }
        if ProcessInfo.processInfo.environment["NOIZYLAB_KEEP"] == nil {
            try? FileManager.default.removeItem(atPath: folder)
        } else {
            print("kept: \(folder)")
        }
    }
}

/// Runs `body` with a grid that is always stopped, checked and removed.
func withGrid(
    _ arguments: [String] = ["--lab"], home: String? = nil, checksStop: Bool = true,
    _ body: (GridFixture) async throws -> Void
) async throws {
    let grid = try GridFixture(home: home)
    do {
        try await grid.start(arguments)
        try await body(grid)
        if checksStop { try await grid.stopLeavingNothing() }
    } catch {
        print("the grid's logs, because the test failed:\n\(grid.logs())")
        await grid.remove()
        throw error
    }
    await grid.remove()
}

/// A grid as configured, started from the file `GridFixture.configFile` unless the test does that itself.
func withGrid(
    config text: String, isStarted: Bool = true, _ body: (GridFixture) async throws -> Void
) async throws {
    let grid = try GridFixture()
    do {
        try grid.configure(text)
        if isStarted { try await grid.start(["--config", grid.configFile]) }
        try await body(grid)
        try await grid.stopLeavingNothing()
    } catch {
        print("the grid's logs, because the test failed:\n\(grid.logs())")
        await grid.remove()
        throw error
    }
    await grid.remove()
}
