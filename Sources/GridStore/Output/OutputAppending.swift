import GridModel
import Synchronization

/// One call of `append`: turns chunks into records, gathers those that go to one file, and writes them at once.
/// Files are written in the order of the bytes' offsets, so whatever a crash cuts off is the end of the output.
struct OutputAppending {
    private let attempt: OutputAttempt
    private let files: OpenFiles
    private let scratch: Scratch
    private let limitBytes: Int64
    private let tailBytes: Int64
    private var wanted: Int64
    private var totals: [Int64]

    /// The file that the gathered records go to, how much of a tail's segment is free, and where the scratch's first
    /// byte belongs.
    private var file: OutputFile
    private var segmentRoom: Int64 = 0
    private var position: Int64
    private var gathered = 0
    private var records: [(record: OutputRecord, position: Int64)] = []
    /// The record being filled, and where in the scratch it begins.
    private var filling: (record: OutputRecord, start: Int)?

    init(_ attempt: OutputAttempt, files: OpenFiles, scratch: Scratch) {
        self.attempt = attempt
        self.files = files
        self.scratch = scratch
        file = OutputFile(ref: attempt.ref)
        let headBytes = Int64(OutputRecord.headBytes)
        (limitBytes, tailBytes, wanted, totals, position) = attempt.state.withLock {
            ($0.limitBytes, $0.tailBytes, $0.wanted, $0.totals, $0.head?.fileEnd ?? headBytes)
        }
    }

    /// The offset wanted next: after the last chunk, or where a gap is.
    mutating func append(_ chunks: [OutputChunk]) throws(SystemFailure) -> Int64 {
        for chunk in chunks {
            if chunk.offset > wanted { break }
            if chunk.end > wanted { try append(chunk, from: Int(wanted - chunk.offset)) }
        }
        try flush()
        return wanted
    }

    private mutating func append(_ chunk: OutputChunk, from first: Int) throws(SystemFailure) {
        let stream = Int(chunk.stream.rawValue) - 1
        var from = first
        while from < chunk.bytes.count {
            let room = limitBytes - totals[stream]
            if room > 0 {
                try aimAtHead()
                from += try fill(chunk, from: from, most: room)
            } else {
                try aimAtTail(UInt8(chunk.stream.rawValue))
                let count = try fill(chunk, from: from, most: segmentRoom)
                segmentRoom -= Int64(count)
                from += count
            }
        }
    }

    private mutating func aimAtHead() throws(SystemFailure) {
        if file.part == 0 { return }
        try flush()
        file = OutputFile(ref: attempt.ref)
        position = attempt.state.withLock { $0.head?.fileEnd } ?? Int64(OutputRecord.headBytes)
    }

    private mutating func aimAtTail(_ part: UInt8) throws(SystemFailure) {
        if file.part != part {
            try flush()
            let last = attempt.state.withLock { $0.tails[Int(part) - 1].last }
            file = OutputFile(ref: attempt.ref, part: part, segment: last?.number ?? 0)
            position = last?.fileEnd ?? 0
            segmentRoom = last.map { max(0, tailBytes - $0.payloadBytes) } ?? 0
        }
        if segmentRoom == 0 {
            try flush()
            file.segment += 1
            try attempt.beginSegment(file, files: files)
            position = Int64(OutputRecord.headBytes)
            segmentRoom = tailBytes
        }
    }

    /// Copies up to `most` bytes into the record being filled, or a new one; the count copied.
    private mutating func fill(_ chunk: OutputChunk, from: Int, most: Int64) throws(SystemFailure) -> Int {
        let stream = UInt8(chunk.stream.rawValue)
        if let (record, _) = filling, record.stream != stream || record.length == OutputRecord.maxPayload { close() }
        if filling == nil {
            if gathered + OutputRecord.headBytes + OutputRecord.maxPayload > scratch.bytes.count { try flush() }
            let record = OutputRecord(
                kind: .data, stream: stream, offset: wanted, streamPosition: totals[Int(stream) - 1])
            filling = (record, gathered)
            gathered += OutputRecord.headBytes
        }
        let length = filling?.record.length ?? 0
        let count = Int(min(Int64(min(chunk.bytes.count - from, OutputRecord.maxPayload - length)), most))
        chunk.bytes.withUnsafeBytes { bytes in
            UnsafeMutableRawBufferPointer(rebasing: scratch.bytes[gathered..<gathered + count])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[from..<from + count]))
        }
        filling?.record.length += count
        gathered += count
        wanted += Int64(count)
        totals[Int(stream) - 1] += Int64(count)
        return count
    }

    private mutating func close() {
        guard let (record, start) = filling else { return }
        let place = position + Int64(start)
        let whole = UnsafeMutableRawBufferPointer(rebasing: scratch.bytes[start..<gathered])
        record.write(to: whole, seed: file.seed, at: place)
        records.append((record, place))
        filling = nil
    }

    private mutating func flush() throws(SystemFailure) {
        close()
        if records.isEmpty { return }
        let bytes = UnsafeRawBufferPointer(rebasing: scratch.bytes[..<gathered])
        try attempt.write(bytes, to: try attempt.openForWriting(file, files: files), at: position)
        attempt.change { state in
            for (record, position) in records { state.add(record, to: file, at: position) }
        }
        records.removeAll(keepingCapacity: true)
        position += Int64(gathered)
        gathered = 0
    }
}
