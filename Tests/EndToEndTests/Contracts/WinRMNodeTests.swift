import Foundation
import GridIdentity
import GridModel
import Testing
import WindowsStandIn

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A Windows node, over a program that stands in for its host.
@Suite(.serialized, .enabled(if: StrictServer.isThere, "\(StrictServer.skipping)"), .timeLimit(.minutes(5)))
struct WinRMNodeTests {
    @Test func `it works as any node does, is lost with its host, and comes back`() async throws {
        let windows = try StrictServer()
        let config = "\(windows.folder)/noizylab.toml"
        let password = "\(windows.folder)/password"
        try StrictServer.password.write(toFile: password, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: password)
        try """
        [coordinator]
        listen = "127.0.0.1:0"
        edge = "127.0.0.1:0"

        [[node]]
        name = "here"
        link = "local"

        [[node]]
        name = "HP-OMEN"
        link = "winrm"
        address = "127.0.0.1"
        port = \(windows.httpsPort)
        user = "\(StrictServer.user)"
        password = { file = "\(password)" }
        certificate = "sha256:\(Hexadecimal.encode(SHA256Digest.of(try windows.certificate())))"

        [[node]]
        name = "locked"
        link = "winrm"
        address = "127.0.0.1"
        port = \(windows.httpPort)
        https = false
        user = "\(StrictServer.user)"
        password = { env = "NOIZYLAB_TEST_PASSWORD_THAT_NOBODY_SETS" }

        [[node]]
        name = "nowhere"
        link = "winrm"
        address = "127.0.0.1"
        port = 1
        user = "\(StrictServer.user)"
        password = { file = "\(password)" }
        """.write(toFile: config, atomically: true, encoding: .utf8)
        let grid = try GridFixture()
        do {
            let start = try await grid.succeeding("start", "--config", config)
            #expect(start.stdout.contains("nowhere cannot be reached: cannot connect to https://127.0.0.1:1/wsman"))
            #expect(start.stdout.contains("locked cannot be reached: the environment variable"))
            #expect(!start.stdout.contains(StrictServer.password))
            #expect(try await grid.nodeStates()["HP-OMEN"] == "online")

            try await runsWork(grid)
            try await isSweptAfterACrash(grid, windows)
            try await isLostAndComesBack(grid, windows)
            try await grid.stopLeavingNothing()
            #expect(try windows.shellCount() == 0)
            #expect(!grid.logs().contains(StrictServer.password))
        } catch {
            print("the grid's logs, because the test failed:\n\(grid.logs())")
            await grid.remove()
            throw error
        }
        await grid.remove()
    }

    private func runsWork(_ grid: GridFixture) async throws {
        let run = try await grid.noizylab(
            "run", "--on", "HP-OMEN", "--", "sh", "-c", "echo $NOIZYLAB_NODE; echo e >&2; exit 3")
        #expect(run.stdout == "HP-OMEN\n")
        #expect(run.stderr.contains("e\n"))
        #expect(run.exitCode == 3)

        let all = try await grid.succeeding("exec", "here,HP-OMEN", "--", "hostname")
        #expect(all.stdout.contains("WIN-ACCEPT01"))

        let late = try await grid.noizylab("run", "--on", "HP-OMEN", "--timeout", "500ms", "--", "sleep", "100")
        #expect(late.exitCode == 6)

        let task = try await grid.detached("--on", "HP-OMEN", "--", "sleep", "1000")
        try await eventually("it runs") { try await grid.task(task)["state"].text == "running" }
        try await grid.succeeding("task", "cancel", task)
        #expect(try await grid.ended(task)["state"].text == "cancelled")

        let shown = try await grid.succeeding("node", "show", "HP-OMEN")
        #expect(shown.stdout.contains("winrm") && shown.stdout.contains("NVIDIA RTX A5000"))
    }

    /// Nobody deletes the shells of a process that is killed but its successor.
    private func isSweptAfterACrash(_ grid: GridFixture, _ windows: StrictServer) async throws {
        let task = try await grid.detached("--on", "HP-OMEN", "--on-lost", "fail", "--", "sleep", "1000")
        try await eventually("it runs") { try await grid.task(task)["state"].text == "running" }
        let before = Set(try windows.shells())
        #expect(before.count >= 3)

        kill(try grid.pid(of: "links"), SIGKILL)

        #expect(try await grid.ended(task)["state"].text == "lost")
        try await eventually("the old shells are gone") { before.isDisjoint(with: try windows.shells()) }
        try await eventually("it is back", within: .seconds(30)) {
            try await grid.nodeStates()["HP-OMEN"] == "online"
        }
    }

    private func isLostAndComesBack(_ grid: GridFixture, _ windows: StrictServer) async throws {
        let pinned = try await grid.detached("--on", "HP-OMEN", "--on-lost", "fail", "--", "sleep", "1000")
        try await eventually("it runs there") { try await grid.task(pinned)["state"].text == "running" }

        windows.cutPower()

        #expect(try await grid.ended(pinned)["state"].text == "lost")
        try await eventually("its host is offline") { try await grid.nodeStates()["HP-OMEN"] == "offline" }
        try windows.restart()
        try await eventually("it is back", within: .seconds(30)) {
            try await grid.nodeStates()["HP-OMEN"] == "online"
        }
        let run = try await grid.succeeding("run", "--on", "HP-OMEN", "--", "sh", "-c", "echo back")
        #expect(run.stdout == "back\n")
    }
}
