import GridModel
import GridStore

/// A task's whole output at once, for answers that hold it in one message.
struct CollectedOutput: Sendable {
    var stdout: [UInt8] = []
    var stderr: [UInt8] = []
    /// More was there than fits.
    var isTruncated = false

    /// Bytes that are no UTF-8 are replaced, as text fields need.
    var stdoutText: String { String(decoding: stdout, as: UTF8.self) }
    var stderrText: String { String(decoding: stderr, as: UTF8.self) }
}

extension GridOperations {
    /// Of the newest attempt.
    func output(of task: GridTask) async throws(OperationError) -> CollectedOutput {
        var collected = CollectedOutput()
        guard let attempt = task.attempts.last else { return collected }
        if let inline = attempt.outcome?.inlineOutput {
            collected.stdout = inline.stdout
            collected.stderr = inline.stderr
            return collected
        }
        let (ref, limit, outputs) = (task.newestRef, settings.answerOutputLimitBytes, outputs)
        return try await reads.run { () throws(StoreError) in
            var collected = CollectedOutput()
            var offset: Int64 = 0
            while true {
                let page = try outputs.read(ref, from: offset, maxBytes: 256 * 1024)
                if page.pieces.isEmpty { return collected }
                for piece in page.pieces {
                    let room = limit - collected.stdout.count - collected.stderr.count
                    if piece.omittedBefore > 0 || piece.bytes.count > room { collected.isTruncated = true }
                    switch piece.stream {
                    case .stdout: collected.stdout += piece.bytes.prefix(room)
                    case .stderr: collected.stderr += piece.bytes.prefix(room)
                    }
                    if piece.bytes.count >= room { return collected }
                }
                offset = page.next
            }
        }
    }
}
