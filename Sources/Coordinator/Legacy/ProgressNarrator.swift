import GridModel
import GridStore
import GridWire
import Synchronization

/// Tells a followed task as `ExecuteTaskStreaming` does: one update per stage change and per line of output.
///
/// Stages go forward only: a second attempt does not tell them again. `initializing` is the attempt's start,
/// `processing` begins right behind it.
final class ProgressNarrator: Sendable {
    private enum Stage: String {
        case queued, assigned, initializing, processing, finalizing

        var rank: Int {
            switch self {
            case .queued: 0
            case .assigned: 1
            case .initializing: 2
            case .processing: 3
            case .finalizing: 4
            }
        }

        /// Where the bar stands at least, when the task says nothing itself.
        var percent: Float {
            switch self {
            case .queued: 0
            case .assigned: 5
            case .initializing: 10
            case .processing: 15
            case .finalizing: 95
            }
        }
    }

    private struct State {
        var stage: Stage?
        var percent: Float = 0
        var epoch: UInt32 = 0
        var lines: [OutputStream: [UInt8]] = [:]
    }

    /// Longer lines come in pieces.
    private static let longestLine = 64 * 1024
    private let taskID: String
    private let arrivedAt: MonotonicTime
    private let state = Mutex(State())

    init(taskID: String, arrivedAt: MonotonicTime) {
        self.taskID = taskID
        self.arrivedAt = arrivedAt
    }

    func updates(for item: WatchItem) -> [Noizylab_Grid_TaskProgressUpdate] {
        state.withLock { state in
            var updates: [Noizylab_Grid_TaskProgressUpdate] = []
            switch item {
            case .state(let task): tell(task, &state, &updates)
            case .progress(_, let percent, _):
                // The task's own 0 ... 100 fills the room between the stages.
                advance(to: .processing, &state, &updates)
                state.percent = max(state.percent, 15 + Float(min(max(percent, 0), 100)) * 0.8)
                updates.append(update(state))
            case .output(let ref, let pieces):
                advance(to: .processing, &state, &updates)
                if ref.epoch != state.epoch {
                    flushLines(&state, &updates)
                    state.epoch = ref.epoch
                }
                for piece in pieces { tell(piece, &state, &updates) }
            }
            return updates
        }
    }

    private func tell(_ task: GridTask, _ state: inout State, _ updates: inout [Noizylab_Grid_TaskProgressUpdate]) {
        switch task.state {
        case .queued: advance(to: .queued, &state, &updates)
        case .assigned: advance(to: .assigned, &state, &updates)
        case .running: advance(to: .processing, &state, &updates)
        case .succeeded, .failed, .cancelled, .timedOut, .lost:
            flushLines(&state, &updates)
            let ran = task.attempts.last?.outcome?.end
            if ran != nil, ran != .refused, ran != .lost { advance(to: .processing, &state, &updates) }
            advance(to: .finalizing, &state, &updates)
            var last = update(state)
            if task.state == .succeeded { last.progressPercent = 100 } else { last.logLine = task.failureSentence }
            updates.append(last)
        }
    }

    /// Each stage on the way is told once.
    private func advance(to stage: Stage, _ state: inout State, _ updates: inout [Noizylab_Grid_TaskProgressUpdate]) {
        for next in [Stage.queued, .assigned, .initializing, .processing, .finalizing]
        where next.rank > (state.stage?.rank ?? -1) && next.rank <= stage.rank {
            state.stage = next
            state.percent = max(state.percent, next.percent)
            updates.append(update(state))
        }
    }

    private func tell(
        _ piece: OutputPiece, _ state: inout State, _ updates: inout [Noizylab_Grid_TaskProgressUpdate]
    ) {
        if piece.omittedBefore > 0 {
            updates.append(line("[\(piece.omittedBefore) bytes left out]", piece.stream, state))
        }
        var rest = piece.bytes[...]
        while let newline = rest.firstIndex(of: 10) {
            var bytes = state.lines.removeValue(forKey: piece.stream) ?? []
            bytes += rest[..<newline]
            if bytes.last == 13 { bytes.removeLast() }
            updates.append(line(String(decoding: bytes, as: UTF8.self), piece.stream, state))
            rest = rest[(newline + 1)...]
        }
        state.lines[piece.stream, default: []] += rest
        if let bytes = state.lines[piece.stream], bytes.count >= Self.longestLine {
            state.lines[piece.stream] = nil
            updates.append(line(String(decoding: bytes, as: UTF8.self), piece.stream, state))
        }
    }

    private func flushLines(_ state: inout State, _ updates: inout [Noizylab_Grid_TaskProgressUpdate]) {
        for stream in OutputStream.allCases {
            if let bytes = state.lines.removeValue(forKey: stream), !bytes.isEmpty {
                updates.append(line(String(decoding: bytes, as: UTF8.self), stream, state))
            }
        }
    }

    private func line(_ text: String, _ stream: OutputStream, _ state: State) -> Noizylab_Grid_TaskProgressUpdate {
        var told = update(state)
        told.logLine = text
        told.stream = stream == .stdout ? "stdout" : "stderr"
        return told
    }

    private func update(_ state: State) -> Noizylab_Grid_TaskProgressUpdate {
        var update = Noizylab_Grid_TaskProgressUpdate()
        update.taskID = taskID
        update.currentStage = state.stage?.rawValue ?? ""
        update.progressPercent = state.percent
        update.elapsedMs = SystemClock.monotonic().milliseconds(since: arrivedAt)
        return update
    }
}
