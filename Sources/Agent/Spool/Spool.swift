import Executors
package import GridModel
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Keeps results on disk until the coordinator has them, so that they outlive the agent. Records are appended and never
/// changed; what the system's cache holds survives the agent's end, and a machine's is the coordinator's to notice.
///
/// The file is cut to nothing when it has grown and nothing is left in it (a cut costs a file system more than a hundred
/// small records), and written anew when most of it is no longer wanted.
package final class Spool: Sendable {
    private struct State {
        var descriptor: Int32
        var size: Int
        /// Where each kept result's record lies.
        var live: [AttemptRef: Range<Int>]
        var liveBytes = 0
    }

    /// Below this size the file is not written anew.
    private static let compactionBytes = 1 << 20
    /// Below this size a file in which nothing is left is not cut.
    private static let emptyingBytes = 64 << 10

    private let path: String
    private let state: Mutex<State>

    /// Opens the spool and reads what it kept. A record that was not written whole ends it: what follows is cut off.
    package static func open(folder: String) throws(AgentError) -> (spool: Spool, kept: [FinishedAttempt]) {
        Folders.make(folder)
        let path = folder + "/results"
        var kept: [AttemptRef: (attempt: FinishedAttempt, range: Range<Int>)] = [:]
        let bytes = Folders.read(path, limit: .max) ?? []
        var end = 0
        while let (record, next) = SpoolRecord.decode(bytes, at: end) {
            switch record {
            case .keep(let attempt): kept[attempt.ref] = (attempt, end..<next)
            case .drop(let ref): kept[ref] = nil
            }
            end = next
        }
        let descriptor = systemOpen(path)
        guard descriptor >= 0, ftruncate(descriptor, off_t(end)) == 0 else {
            throw AgentError(.spool, "cannot open the spool \(path): \(systemErrorText(errno))")
        }
        let spool = Spool(path: path, descriptor: descriptor, size: end, live: kept.mapValues(\.range))
        return (spool, kept.values.map(\.attempt).sorted { $0.ref < $1.ref })
    }

    private init(path: String, descriptor: Int32, size: Int, live: [AttemptRef: Range<Int>]) {
        self.path = path
        state = Mutex(
            State(descriptor: descriptor, size: size, live: live, liveBytes: live.values.reduce(0) { $0 + $1.count }))
    }

    deinit { state.withLock { _ = close($0.descriptor) } }

    /// Results still kept.
    package var count: Int { state.withLock { $0.live.count } }

    package func write(keeping: [FinishedAttempt], dropping: [AttemptRef]) throws(AgentError) {
        let code = state.withLock { state in
            var bytes: [UInt8] = []
            for attempt in keeping {
                let start = state.size + bytes.count
                SpoolRecord.keep(attempt).encode(into: &bytes)
                let range = start..<(state.size + bytes.count)
                state.liveBytes += range.count - (state.live.updateValue(range, forKey: attempt.ref)?.count ?? 0)
            }
            for ref in dropping {
                guard let range = state.live.removeValue(forKey: ref) else { continue }
                state.liveBytes -= range.count
                SpoolRecord.drop(ref).encode(into: &bytes)
            }
            return Self.append(bytes, to: &state) ?? compact(&state)
        }
        if let code { throw AgentError(.spool, "cannot write the spool \(path): \(systemErrorText(code))") }
    }

    /// Nil when all went well, else the system's code. What was half written is taken back.
    private static func append(_ bytes: [UInt8], to state: inout State) -> Int32? {
        if bytes.isEmpty { return nil }
        if state.live.isEmpty && state.size + bytes.count > emptyingBytes { return empty(&state) }
        guard Folders.writeAll(bytes, to: state.descriptor) else {
            let code = errno
            // Nothing is wanted any more: a full disk is no reason to keep it.
            if state.live.isEmpty { return empty(&state) }
            ftruncate(state.descriptor, off_t(state.size))
            return code
        }
        state.size += bytes.count
        return nil
    }

    private static func empty(_ state: inout State) -> Int32? {
        guard ftruncate(state.descriptor, 0) == 0 else { return errno }
        state.size = 0
        return nil
    }

    /// Writes the living records to a new file when they are less than half of a large one.
    private func compact(_ state: inout State) -> Int32? {
        guard state.size > Self.compactionBytes, state.liveBytes * 2 < state.size else { return nil }
        guard let bytes = Folders.read(path, limit: .max) else { return errno }
        var compacted: [UInt8] = []
        var live: [AttemptRef: Range<Int>] = [:]
        for (ref, range) in state.live.sorted(by: { $0.value.lowerBound < $1.value.lowerBound }) {
            let start = compacted.count
            compacted += bytes[range]
            live[ref] = start..<compacted.count
        }
        guard Folders.replace(path, with: compacted) else { return errno }
        let descriptor = systemOpen(path)
        guard descriptor >= 0 else { return errno }
        close(state.descriptor)
        state.descriptor = descriptor
        state.size = compacted.count
        state.live = live
        return nil
    }
}

private func systemOpen(_ path: String) -> Int32 {
    open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
}
