package import GridWire
import SwiftProtobuf

/// Where a follower of one task is: enough to go on after any interruption, without gap or repeat. Judges every update,
/// because a coordinator that is asked to go on may begin a little earlier.
package struct WatchPosition {
    package private(set) var epoch: UInt32 = 0
    package private(set) var offset: Int64 = 0
    private var lastInfo: Noizylab_Grid_TaskInfo?
    package private(set) var isEnded = false

    package init() {}

    /// What of an update is new; nil when nothing is.
    package mutating func take(_ update: Noizylab_Grid_WatchUpdate) -> Noizylab_Grid_WatchUpdate? {
        switch update.update {
        case .task(let info):
            guard info != lastInfo else { return nil }
            lastInfo = info
            isEnded = TaskStatus.State(rawValue: info.state)?.isTerminal ?? false
            return update
        case .output(let output):
            return take(output)
        case .progress, nil:
            return update
        }
    }

    private mutating func take(_ output: Noizylab_Grid_OutputUpdate) -> Noizylab_Grid_WatchUpdate? {
        guard output.epoch >= epoch else { return nil }
        if output.epoch > epoch {
            epoch = output.epoch
            offset = 0
        }
        var fresh: [Noizylab_Grid_OutputChunk] = []
        for var chunk in output.chunks {
            let end = chunk.offset + Int64(chunk.data.count)
            guard end > offset else { continue }
            if chunk.offset < offset {
                chunk.data = chunk.data.suffix(Int(end - offset))
                chunk.offset = offset
                chunk.omittedBefore = 0
            }
            offset = end
            fresh.append(chunk)
        }
        guard !fresh.isEmpty else { return nil }
        return .with { update in
            update.output = .with {
                $0.epoch = output.epoch
                $0.chunks = fresh
            }
        }
    }
}
