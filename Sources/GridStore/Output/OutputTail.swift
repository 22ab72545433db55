import GridModel

/// The newest bytes of an attempt that somebody follows, so that they need not be read back from its file. A value in
/// the attempt's state; bounded, and let go of when nobody has read from it for a while.
struct OutputTail {
    private static let limitBytes = 2 << 20
    private static let patienceBytes = 8 << 20

    /// In order, without a gap, from `first` on.
    private var chunks: [OutputChunk] = []
    private var first = 0
    private var bytes = 0
    private var unreadBytes = 0

    /// Nobody reads from it.
    var isIdle: Bool { unreadBytes > Self.patienceBytes }

    /// What is new of a chunk that is about to be written.
    mutating func append(_ chunk: OutputChunk) {
        if let last = chunks.last, last.end != chunk.offset { removeAll() }
        chunks.append(chunk)
        bytes += chunk.bytes.count
        unreadBytes += chunk.bytes.count
        while bytes > Self.limitBytes, first < chunks.count {
            bytes -= chunks[first].bytes.count
            chunks[first].bytes = []
            first += 1
        }
        if first > 64 && first * 2 > chunks.count {
            chunks.removeFirst(first)
            first = 0
        }
    }

    /// Whole chunks from `offset` on that end at or before `end`, about `maxBytes` of them; empty when the first is not
    /// here.
    mutating func pieces(from offset: Int64, to end: Int64, maxBytes: Int) -> [OutputPiece] {
        guard var index = chunks[first...].firstIndex(where: { $0.end > offset }), chunks[index].offset <= offset else {
            return []
        }
        var pieces: [OutputPiece] = []
        var count = 0
        while index < chunks.count, chunks[index].end <= end {
            let chunk = chunks[index]
            if count > 0 && count + chunk.bytes.count > maxBytes { break }
            let skipped = Int(max(0, offset - chunk.offset))
            pieces.append(
                OutputPiece(
                    offset: chunk.offset + Int64(skipped), stream: chunk.stream,
                    bytes: skipped == 0 ? chunk.bytes : Array(chunk.bytes.dropFirst(skipped))))
            count += chunk.bytes.count - skipped
            index += 1
        }
        if count > 0 { unreadBytes = 0 }
        return pieces
    }

    private mutating func removeAll() {
        chunks = []
        first = 0
        bytes = 0
    }
}
