import GridModel
import WinRM

/// A short script of our own on a host, and what it printed.
struct ScriptRun {
    private static let outputBytes = 8 << 20
    private let shells: ReadyShells

    init(_ shells: ReadyShells) { self.shells = shells }

    /// Nil when it cannot be run, or does not end with 0.
    func output(of script: String) async -> String? {
        guard let lease = try? await shells.take() else { return nil }
        let output = try? await run(script, lease)
        await shells.release(lease)
        return output
    }

    private func run(_ script: String, _ lease: ReadyShells.Lease) async throws -> String? {
        try await lease.shell.send(PowerShell.input(script: script), to: lease.command, isEnd: true)
        var bytes: [UInt8] = []
        while bytes.count < Self.outputBytes {
            guard let received = try await lease.shell.receive(from: lease.command) else { continue }
            for piece in received.pieces where piece.stream == .stdout { bytes += piece.bytes }
            if received.isDone { return received.exitCode == 0 ? String(decoding: bytes, as: UTF8.self) : nil }
        }
        return nil
    }
}
