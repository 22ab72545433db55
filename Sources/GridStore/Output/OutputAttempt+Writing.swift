import GridModel
import Synchronization

/// What a writer does while it has the turn.
extension OutputAttempt {
    /// Changes what readers see, then wakes those who waited for it.
    func change(_ body: (inout OutputState) -> Void) {
        let ready = state.withLock { state in
            body(&state)
            return state.takeReadyWaiters()
        }
        for waiter in ready { waiter.wake() }
    }

    /// All of the bytes, or none: what a failed write left is cut off, so that nothing half written is ever followed.
    func write(_ bytes: UnsafeRawBufferPointer, to file: OpenFile, at position: Int64) throws(SystemFailure) {
        do {
            try SystemCalls.write(file.descriptor, bytes, at: position)
        } catch {
            // Should this fail as well, the next write begins at the same place, and checksums tell the rest.
            try? SystemCalls.truncate(file.descriptor, to: position)
            throw error
        }
    }

    /// Makes the first file when it is needed: a task that prints nothing leaves none.
    func openForWriting(_ name: OutputFile, files: OpenFiles) throws(SystemFailure) -> OpenFile {
        let isNew = name.part == 0 && state.withLock { $0.head == nil }
        let file = try files.open(name, creating: isNew)
        if isNew {
            try writeStart(of: name, to: file)
            state.withLock { $0.head = OutputState.Segment() }
        }
        return file
    }

    /// Makes a stream's next tail segment, and removes the one before the last.
    func beginSegment(_ name: OutputFile, files: OpenFiles) throws(SystemFailure) {
        let file = try files.open(name, creating: true)
        // One that a crash left unfinished begins anew.
        try SystemCalls.truncate(file.descriptor, to: 0)
        try writeStart(of: name, to: file)
        let old = state.withLock { state -> [OutputState.Segment] in
            let part = Int(name.part) - 1
            state.tails[part].append(OutputState.Segment(number: name.segment))
            let count = max(0, state.tails[part].count - 2)
            defer { state.tails[part].removeFirst(count) }
            return Array(state.tails[part].prefix(count))
        }
        for segment in old {
            try files.remove(OutputFile(ref: ref, part: name.part, segment: segment.number))
        }
    }

    /// The end's record, the bytes on the medium when `durable`, and the last readers woken.
    func finish(inline: InlineOutput?, durable: Bool, files: OpenFiles) throws(SystemFailure) {
        let (isEnded, head, wanted) = state.withLock { ($0.phase == .ended, $0.head, $0.wanted) }
        if isEnded { return }
        if let head {
            let file = try files.open(OutputFile(ref: ref))
            try write(
                record(.init(kind: .end, offset: wanted), for: OutputFile(ref: ref), at: head.fileEnd), to: file,
                at: head.fileEnd)
            if durable { try synchronize(files) }
        }
        change { state in
            state.phase = .ended
            state.newest = nil
            if head == nil, let inline, wanted == 0 {
                state.inline = inline
                state.wanted = Int64(inline.stdout.count + inline.stderr.count)
            }
        }
    }

    private func synchronize(_ files: OpenFiles) throws(SystemFailure) {
        let tails = state.withLock { $0.tails }
        for (index, tail) in tails.enumerated() {
            for segment in tail {
                let name = OutputFile(ref: ref, part: UInt8(index + 1), segment: segment.number)
                try SystemCalls.synchronize(files.open(name).descriptor)
            }
        }
        try SystemCalls.synchronize(files.open(OutputFile(ref: ref)).descriptor)
        try SystemCalls.synchronizeFolder("\(files.folder)/\(OutputFile(ref: ref).shard)")
    }

    private func writeStart(of name: OutputFile, to file: OpenFile) throws(SystemFailure) {
        let (limit, tail) = state.withLock { ($0.limitBytes, $0.tailBytes) }
        try write(record(.init(kind: .start, offset: limit, streamPosition: tail), for: name, at: 0), to: file, at: 0)
    }

    func write(_ bytes: [UInt8], to file: OpenFile, at position: Int64) throws(SystemFailure) {
        do {
            try SystemCalls.write(file.descriptor, bytes, at: position)
        } catch {
            try? SystemCalls.truncate(file.descriptor, to: position)
            throw error
        }
    }

    /// A record without a payload.
    func record(_ record: OutputRecord, for name: OutputFile, at position: Int64) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: OutputRecord.headBytes)
        bytes.withUnsafeMutableBytes { record.write(to: $0, seed: name.seed, at: position) }
        return bytes
    }
}
