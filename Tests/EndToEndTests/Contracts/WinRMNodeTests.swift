import Foundation
import GridIdentity
import GridModel
import TestSupport
import Testing

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
        let password = "\(windows.folder)/password"
        try StrictServer.password.write(toFile: password, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: password)
        let user = "user = \"\(StrictServer.user)\""
        let login = "\(user)\npassword = { file = \"\(password)\" }"
        let pin = Hexadecimal.encode(SHA256Digest.of(try windows.certificate()))
        let config = GridStanzas.grid(
            GridStanzas.node(
                "HP-OMEN", "winrm", port: windows.httpsPort, "\(login)\ncertificate = \"sha256:\(pin)\""),
            GridStanzas.node(
                "locked", "winrm", port: windows.httpPort,
                "https = false\n\(user)\npassword = { env = \"NOIZYLAB_TEST_PASSWORD_THAT_NOBODY_SETS\" }"),
            GridStanzas.node("nowhere", "winrm", port: 1, login))
        try await withGrid(config: config, isStarted: false) { grid in
            let start = try await grid.succeeding("start", "--config", grid.configFile)
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
        }
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
