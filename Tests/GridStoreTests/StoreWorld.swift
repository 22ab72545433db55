import Foundation
import GridModel
import GridStore

/// A folder of one test's own, gone when the test is over.
func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("grid-store-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("grid-store-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}

extension GridTask {
    /// A task with everything that state implies.
    static func sample(
        _ number: UInt64, _ state: TaskState = .queued, key: String? = nil, node: String? = nil,
        finishedAt: Int64? = nil
    ) -> GridTask {
        let command = Command(invocation: .arguments(["true", "\(number)"]), environment: ["A": "b"])
        var task = GridTask(
            id: TaskID(number: number),
            spec: TaskSpec(
                payload: .command(command), resources: ResourceRequest(cpuMillis: 500), retries: 1, submitter: "ada"),
            key: key, submittedAt: Timestamp(microseconds: 1_000_000 + Int64(number)), state: state)
        if state != .queued || node != nil {
            let name = NodeName(node ?? "Mac-Pro")!  // tests name nodes well
            var attempt = Attempt(
                epoch: 1, node: name, reservation: Reservation(request: task.spec.resources),
                assignedAt: Timestamp(microseconds: 2_000_000))
            if state.isTerminal {
                attempt.outcome = AttemptOutcome(
                    end: .succeeded, exitCode: 0, inlineOutput: InlineOutput(stdout: Array("done \(number)".utf8)))
                attempt.finishedAt = Timestamp(microseconds: 3_000_000)
            }
            task.attempts = [attempt]
        }
        if state.isTerminal { task.finishedAt = Timestamp(microseconds: finishedAt ?? 3_000_000 + Int64(number)) }
        return task
    }
}

/// The byte at an offset of a made-up output.
func patternByte(_ offset: Int64) -> UInt8 {
    UInt8(truncatingIfNeeded: (UInt64(bitPattern: offset) &* 2_654_435_761) >> 13)
}

func patternChunk(_ offset: Int64, _ count: Int, _ stream: GridModel.OutputStream = .stdout) -> OutputChunk {
    OutputChunk(offset: offset, stream: stream, bytes: (0..<Int64(count)).map { patternByte(offset + $0) })
}

func ref(_ task: UInt64, _ epoch: UInt32 = 1) -> AttemptRef { AttemptRef(task: TaskID(number: task), epoch: epoch) }
