import GridModel

/// What is known of one attempt's output: which bytes lie where. A value, changed under its attempt's lock; writers
/// change it after their bytes are in the file, so whatever it says can be read.
///
/// Phases: `idle` (nothing was opened here; there may be files of an earlier run) → `open` → `ended`. Ended stays.
struct OutputState {
    enum Phase: Equatable {
        case idle, open, ended
    }

    /// One file's records.
    struct Segment {
        var number: UInt32 = 0
        /// Where the next record goes.
        var fileEnd = Int64(OutputRecord.headBytes)
        /// Of the last record.
        var endOffset: Int64 = 0
        /// Without heads.
        var payloadBytes: Int64 = 0
        /// A record that begins at or after each 64 KiB of the file.
        var index: [Mark] = []
        /// What follows `fileEnd` is damaged.
        var isDamaged = false

        struct Mark {
            var offset: Int64
            var position: Int64
        }

        mutating func add(_ record: OutputRecord, at position: Int64) {
            if position - (index.last?.position ?? .min / 2) >= 64 * 1024 {
                index.append(Mark(offset: record.offset, position: position))
            }
            fileEnd = position + Int64(OutputRecord.headBytes + record.length)
            endOffset = record.end
            payloadBytes += Int64(record.length)
        }

        /// Where to begin reading for the bytes from `offset` on.
        func position(of offset: Int64) -> Int64 {
            var low = 0
            var high = index.count
            while low < high {
                let middle = (low + high) / 2
                if index[middle].offset <= offset { low = middle + 1 } else { high = middle }
            }
            return low == 0 ? Int64(OutputRecord.headBytes) : index[low - 1].position
        }
    }

    var phase = Phase.idle
    var limitBytes: Int64
    var tailBytes: Int64
    /// The next byte wanted; when ended, the attempt's length.
    var wanted: Int64 = 0
    /// Bytes of stdout and stderr.
    var totals: [Int64] = [0, 0]
    /// Nil until there is a file.
    var head: Segment?
    /// The kept end of stdout and of stderr, oldest segment first.
    var tails: [[Segment]] = [[], []]
    /// An ended attempt's whole output that never was in a file.
    var inline: InlineOutput?
    var waiters: [ObjectIdentifier: OutputWaiter] = [:]
    /// Nil while nobody follows.
    var newest: OutputTail?
    /// The store has let go of the attempt: look it up again.
    var isEvicted = false

    init(limitBytes: Int64, tailBytes: Int64) {
        self.limitBytes = limitBytes
        self.tailBytes = tailBytes
    }

    var isKnown: Bool { phase != .idle || head != nil }

    /// A record is in its file.
    mutating func add(_ record: OutputRecord, to name: OutputFile, at position: Int64) {
        if name.part == 0 {
            head!.add(record, at: position)  // the head is made before its first record is written
        } else {
            let last = tails[Int(name.part) - 1].count - 1
            tails[Int(name.part) - 1][last].add(record, at: position)
        }
        if record.kind == .data {
            totals[Int(record.stream) - 1] = record.streamPosition + Int64(record.length)
            wanted = max(wanted, record.end)
        }
    }

    /// A record in the middle of the first file that says: from here on only the end is kept.
    mutating func curtail(tailBytes: Int64) {
        limitBytes = 0
        self.tailBytes = tailBytes
        head?.fileEnd += Int64(OutputRecord.headBytes)
        newest = nil
    }

    /// For those who follow: what is about to be written. Not once a stream has passed its limit: readers then see what
    /// is kept, and no more.
    mutating func remember(_ chunks: [OutputChunk]) {
        guard newest != nil else { return }
        let count = chunks.reduce(0) { $0 + Int64($1.bytes.count) }
        if newest!.isIdle || totals.contains(where: { $0 + count > limitBytes }) {
            newest = nil
            return
        }
        var next = wanted
        for chunk in chunks where chunk.offset == next {
            newest!.append(chunk)
            next = chunk.end
        }
    }

    /// Takes those out who wait for something that is there now.
    mutating func takeReadyWaiters() -> [OutputWaiter] {
        if waiters.isEmpty { return [] }
        let ready = waiters.values.filter { phase == .ended || $0.offset < wanted }
        for waiter in ready { waiters[ObjectIdentifier(waiter)] = nil }
        return ready
    }
}

/// Where to read for the bytes from an offset on; made under the lock, followed without it.
struct OutputPlan {
    struct Stretch {
        var file: OutputFile
        var position: Int64
        var end: Int64
        var isDamaged: Bool
    }

    struct Lane {
        var stretches: [Stretch]
        /// Bytes of the stream before this are not shown: the tail is as long as was promised, wherever segments end.
        var firstStreamPosition: Int64
    }

    var lanes: [Lane] = []
    var wanted: Int64
    var isEnded: Bool

    init(_ state: OutputState, ref: AttemptRef, from offset: Int64) {
        wanted = state.wanted
        isEnded = state.phase == .ended
        guard let head = state.head, offset < wanted else { return }
        if let stretch = Self.stretch(head, OutputFile(ref: ref), from: offset) {
            lanes.append(Lane(stretches: [stretch], firstStreamPosition: 0))
        }
        for (index, tail) in state.tails.enumerated() where !tail.isEmpty {
            let stretches = tail.compactMap { segment in
                Self.stretch(
                    segment, OutputFile(ref: ref, part: UInt8(index + 1), segment: segment.number), from: offset)
            }
            let first = max(state.limitBytes, state.totals[index] - state.tailBytes)
            if !stretches.isEmpty { lanes.append(Lane(stretches: stretches, firstStreamPosition: first)) }
        }
    }

    private static func stretch(_ segment: OutputState.Segment, _ file: OutputFile, from offset: Int64) -> Stretch? {
        guard segment.endOffset > offset || segment.isDamaged else { return nil }
        return Stretch(
            file: file, position: segment.position(of: offset), end: segment.fileEnd, isDamaged: segment.isDamaged)
    }
}

extension OutputState {
    /// Nothing is left of it; who holds it comes to an end.
    init(ended state: OutputState) {
        self.init(limitBytes: state.limitBytes, tailBytes: state.tailBytes)
        phase = .ended
        wanted = state.wanted
        waiters = state.waiters
        isEvicted = true
    }
}
