import GridModel
import Synchronization

/// One attempt's output: its state, and the turn of who writes. Readers take the state's lock for moments only, and
/// never the turn; a writer holds the turn while the system takes its bytes.
final class OutputAttempt: Sendable {
    let ref: AttemptRef
    let state: Mutex<OutputState>
    /// One writer at a time.
    let turn = Mutex<Void>(())

    init(ref: AttemptRef, state: consuming sending OutputState) {
        self.ref = ref
        self.state = Mutex(state)
    }

    /// What the files of an earlier run hold; idle when there are none. A torn end is cut off.
    static func load(_ ref: AttemptRef, files: OpenFiles, settings: OutputSettings) throws(SystemFailure)
        -> OutputAttempt
    {
        var state = OutputState(limitBytes: settings.limitBytes, tailBytes: settings.tailBytes)
        let name = OutputFile(ref: ref)
        guard let size = try SystemCalls.status("\(files.folder)/\(name.path)")?.size else {
            return OutputAttempt(ref: ref, state: state)
        }
        let file = try files.open(name)
        let scan = OutputScan(file: file, name: name, size: size)
        if let start = try scan.record(at: 0), start.kind == .start {
            state.limitBytes = start.offset
            state.tailBytes = start.streamPosition
        } else {
            // Nothing of it was ever whole: begin anew.
            try SystemCalls.truncate(file.descriptor, to: 0)
            files.forget(name)
            try SystemCalls.remove("\(files.folder)/\(name.path)")
            return OutputAttempt(ref: ref, state: state)
        }
        let end = try scan.record(at: size - Int64(OutputRecord.headBytes)).flatMap { $0.kind == .end ? $0 : nil }
        state.head = OutputState.Segment()
        try scan.records(until: end == nil ? size : size - Int64(OutputRecord.headBytes), verified: end == nil) {
            if $0.kind == .start {
                state.curtail(tailBytes: $0.streamPosition)
            } else {
                state.add($0, to: name, at: $1)
            }
        }
        try loadTails(of: ref, into: &state, isEnded: end != nil, files: files)
        if let end {
            state.phase = .ended
            state.wanted = end.offset
            state.head!.isDamaged = state.head!.fileEnd < size - Int64(OutputRecord.headBytes)  // set just above
        } else if state.head!.fileEnd < size {
            try SystemCalls.truncate(file.descriptor, to: state.head!.fileEnd)
        }
        return OutputAttempt(ref: ref, state: state)
    }

    private static func loadTails(
        of ref: AttemptRef, into state: inout OutputState, isEnded: Bool, files: OpenFiles
    ) throws(SystemFailure) {
        guard state.totals.contains(where: { $0 >= state.limitBytes }) else { return }
        let names = try SystemCalls.names(in: "\(files.folder)/\(OutputFile(ref: ref).shard)")
            .compactMap(OutputFile.init(name:)).filter { $0.ref == ref && $0.part > 0 }
            .sorted { ($0.part, $0.segment) < ($1.part, $1.segment) }
        for name in names {
            let file = try files.open(name)
            let size = try SystemCalls.size(file.descriptor)
            let scan = OutputScan(file: file, name: name, size: size)
            guard try scan.record(at: 0)?.kind == .start else {
                try files.remove(name)
                continue
            }
            state.tails[Int(name.part) - 1].append(OutputState.Segment(number: name.segment))
            try scan.records(until: size, verified: true) { state.add($0, to: name, at: $1) }
            let found = state.tails[Int(name.part) - 1].last!.fileEnd  // appended just above
            if found < size && !isEnded { try SystemCalls.truncate(file.descriptor, to: found) }
        }
    }
}

/// Goes through the records of a file that an earlier run left.
struct OutputScan {
    let file: OpenFile
    let name: OutputFile
    let size: Int64

    /// The whole record there, checked; nil when there is none.
    func record(at position: Int64) throws(SystemFailure) -> OutputRecord? {
        guard position >= 0 else { return nil }
        let bytes = try SystemCalls.read(
            file.descriptor, count: OutputRecord.headBytes + OutputRecord.maxPayload, at: position)
        return bytes.withUnsafeBytes { bytes in
            guard let record = OutputRecord(head: bytes), record.matches(bytes, seed: name.seed, at: position) else {
                return nil
            }
            return record
        }
    }

    /// The records after the first, up to one that is not whole, or not in order: data, and smaller limits. Unverified:
    /// payloads are checked when read.
    func records(
        until end: Int64, verified: Bool, _ body: (OutputRecord, Int64) -> Void
    ) throws(SystemFailure) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        var position = Int64(OutputRecord.headBytes)
        var expected: Int64 = 0
        while position < end {
            let window = UnsafeMutableRawBufferPointer(
                rebasing: buffer[..<Int(min(Int64(buffer.count), end - position))])
            let count = try SystemCalls.read(file.descriptor, into: window, at: position)
            var used = 0
            while true {
                let rest = UnsafeRawBufferPointer(rebasing: window[used..<count])
                guard let record = OutputRecord(head: rest) else { break }
                let whole = OutputRecord.headBytes + record.length
                switch record.kind {
                case .data: guard record.length > 0, record.offset >= expected else { return }
                case .start: guard record.length == 0 else { return }
                case .end: return
                }
                guard whole <= rest.count else { break }
                let isLimits = record.kind == .start
                if verified || isLimits, !record.matches(rest, seed: name.seed, at: position + Int64(used)) { return }
                body(record, position + Int64(used))
                if !isLimits { expected = record.end }
                used += whole
            }
            if used == 0 { return }
            position += Int64(used)
        }
    }
}
