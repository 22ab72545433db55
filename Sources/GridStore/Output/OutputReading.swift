import GridModel

/// Follows a plan: merges what the files hold, in the order of offsets, into one page.
struct OutputReading {
    private let plan: OutputPlan
    private let files: OpenFiles
    private let scratches: ScratchPool
    private var cursor: Int64
    private var lanes: [OutputLane]
    private var pieces: [OutputPiece] = []

    enum Failure: Error {
        /// A tail's segment was replaced meanwhile: make a new plan.
        case outdated
        case damaged(OutputFile, position: Int64)
        case system(SystemFailure)
    }

    init(_ plan: OutputPlan, from offset: Int64, files: OpenFiles, scratches: ScratchPool) {
        self.plan = plan
        self.files = files
        self.scratches = scratches
        cursor = offset
        lanes = plan.lanes.map { OutputLane($0, scratch: scratches.take()) }
    }

    mutating func page(maxBytes: Int) throws(Failure) -> OutputPage {
        defer { for lane in lanes { scratches.give(lane.scratch) } }
        var room = max(1, maxBytes)
        while room > 0 {
            var nearest: Int?
            for index in lanes.indices {
                guard try lanes[index].find(from: cursor, room: room, files: files) else { continue }
                if let best = nearest, lanes[best].offset <= lanes[index].offset { continue }
                nearest = index
            }
            guard let nearest else { break }
            room -= take(from: lanes[nearest], most: room)
        }
        if room > 0 && cursor < plan.wanted {
            pieces.append(
                OutputPiece(offset: plan.wanted, stream: .stdout, bytes: [], omittedBefore: plan.wanted - cursor))
            cursor = plan.wanted
        }
        return OutputPage(pieces: pieces, next: cursor, isEnd: plan.isEnded && cursor >= plan.wanted)
    }

    /// The lane's bytes at its `offset`, joined to the piece before when that is short.
    private mutating func take(from lane: OutputLane, most: Int) -> Int {
        let bytes = UnsafeRawBufferPointer(rebasing: lane.bytes.prefix(most))
        if let last = pieces.indices.last, pieces[last].stream == lane.stream, pieces[last].end == lane.offset,
            pieces[last].bytes.count + bytes.count <= OutputRecord.maxPayload
        {
            pieces[last].bytes.append(contentsOf: bytes)
        } else {
            pieces.append(
                OutputPiece(
                    offset: lane.offset, stream: lane.stream, bytes: [UInt8](bytes), omittedBefore: lane.offset - cursor
                ))
        }
        cursor = lane.offset + Int64(bytes.count)
        return bytes.count
    }
}

/// One file after another of those that hold one part of the output, a buffer at a time.
struct OutputLane {
    let scratch: Scratch
    private let firstStreamPosition: Int64
    private var stretches: ArraySlice<OutputPlan.Stretch>
    /// The buffer's bytes: where in the file they are from, and which of them are still to be looked at.
    private var bufferPosition: Int64 = 0
    private var unread = 0..<0
    private var record: OutputRecord?
    /// Of the record's payload, what is wanted.
    private var skip = 0

    init(_ lane: OutputPlan.Lane, scratch: Scratch) {
        self.scratch = scratch
        firstStreamPosition = lane.firstStreamPosition
        stretches = lane.stretches[...]
    }

    /// What was found.
    var offset: Int64 { (record?.offset ?? 0) + Int64(skip) }
    var stream: OutputStream { record?.stream == 2 ? .stderr : .stdout }
    var bytes: UnsafeRawBufferPointer {
        let first = unread.lowerBound + OutputRecord.headBytes
        return UnsafeRawBufferPointer(rebasing: scratch.bytes[first + skip..<first + (record?.length ?? 0)])
    }

    /// Goes to the first shown byte at or after `cursor`; false when there is none.
    mutating func find(from cursor: Int64, room: Int, files: OpenFiles) throws(OutputReading.Failure) -> Bool {
        while true {
            if let record {
                let shown = max(cursor - record.offset, firstStreamPosition - record.streamPosition, 0)
                if shown < record.length {
                    skip = Int(shown)
                    return true
                }
                unread = unread.lowerBound + OutputRecord.headBytes + record.length..<unread.upperBound
                self.record = nil
            }
            guard try next(room: room, files: files) else { return false }
        }
    }

    /// Reads and checks the record at the front.
    private mutating func next(room: Int, files: OpenFiles) throws(OutputReading.Failure) -> Bool {
        while let stretch = stretches.first {
            let position = bufferPosition + Int64(unread.lowerBound)
            let rest = UnsafeRawBufferPointer(rebasing: scratch.bytes[unread])
            if !unread.isEmpty, let head = OutputRecord(head: rest), OutputRecord.headBytes + head.length <= rest.count
            {
                guard head.kind != .end, head.matches(rest, seed: stretch.file.seed, at: position) else {
                    throw .damaged(stretch.file, position: position)
                }
                if head.kind == .start {
                    // Smaller limits from here on: of interest to writers alone.
                    unread = unread.lowerBound + OutputRecord.headBytes..<unread.upperBound
                    continue
                }
                record = head
                return true
            }
            let from = unread.isEmpty && bufferPosition == 0 ? stretch.position : position
            if from >= stretch.end {
                if stretch.isDamaged { throw .damaged(stretch.file, position: from) }
                stretches.removeFirst()
                bufferPosition = 0
                unread = 0..<0
                continue
            }
            if unread.count >= OutputRecord.headBytes + OutputRecord.maxPayload
                || unread.upperBound - unread.lowerBound == Int(stretch.end - from)
            {
                throw .damaged(stretch.file, position: from)
            }
            try read(stretch, from: from, room: room, files: files)
        }
        return false
    }

    private mutating func read(
        _ stretch: OutputPlan.Stretch, from: Int64, room: Int, files: OpenFiles
    ) throws(OutputReading.Failure) {
        let slack = OutputRecord.headBytes * 8
        let wish = max(OutputRecord.headBytes + OutputRecord.maxPayload, min(room, scratch.bytes.count / 2) + slack)
        let count = Int(min(Int64(wish), stretch.end - from))
        do {
            let file = try files.open(stretch.file)
            let window = UnsafeMutableRawBufferPointer(rebasing: scratch.bytes[..<count])
            unread = 0..<(try SystemCalls.read(file.descriptor, into: window, at: from))
        } catch {
            throw error.isFileMissing ? .outdated : .system(error)
        }
        bufferPosition = from
        if unread.count < count { throw .damaged(stretch.file, position: from + Int64(unread.count)) }
    }
}
