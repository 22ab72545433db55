import Foundation

extension GridFixture {
    /// Runs a shell line on a terminal of its own (`script` makes it) and gives everything the terminal was sent.
    func onTerminal(_ line: String, within limit: Duration = .seconds(60)) async throws -> ProgramResult {
        try await RunningProgram(
            "/usr/bin/script", ["-qefc", line, "/dev/null"],
            environment: environment.merging(["TERM": "xterm-256color", "SHELL": "/bin/bash"]) { $1 }, folder: scratch
        ).finished(within: limit)
    }
}
