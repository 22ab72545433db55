package import GridModel

/// An attempt's output from the first byte that the coordinator has not taken.
package struct OutputBuffer: Sendable {
    private var chunks: [OutputChunk] = []
    /// Those before it were taken.
    private var firstChunk = 0
    /// The first that was not sent on this connection.
    private var nextChunk = 0
    /// Where the next byte goes.
    package private(set) var end: Int64 = 0
    package private(set) var acked: Int64 = 0

    package init() {}

    /// What a spool kept.
    package init(chunks: [OutputChunk], end: Int64) {
        self.chunks = chunks
        self.end = end
        acked = chunks.first?.offset ?? end
    }

    package var isSent: Bool { nextChunk == chunks.count }
    package var unacked: ArraySlice<OutputChunk> { chunks[firstChunk...] }

    package mutating func append(_ stream: OutputStream, _ bytes: [UInt8]) {
        chunks.append(OutputChunk(offset: end, stream: stream, bytes: bytes))
        end += Int64(bytes.count)
    }

    /// What is to be sent next: at least one chunk if there is one, then as many as fit.
    package mutating func take(limit: Int) -> [OutputChunk] {
        let first = nextChunk
        var bytes = 0
        while nextChunk < chunks.count {
            let count = chunks[nextChunk].bytes.count
            if nextChunk > first && bytes + count > limit { break }
            bytes += count
            nextChunk += 1
        }
        return Array(chunks[first..<nextChunk])
    }

    /// Everything before `offset` is safe. Returns how many bytes that frees.
    package mutating func acknowledge(_ offset: Int64) -> Int {
        guard offset > acked else { return 0 }
        let taken = min(offset, end)
        let freed = Int(taken - acked)
        acked = taken
        while firstChunk < chunks.count, chunks[firstChunk].end <= taken {
            chunks[firstChunk].bytes = []
            firstChunk += 1
        }
        if firstChunk > 64 && firstChunk * 2 > chunks.count {
            chunks.removeFirst(firstChunk)
            nextChunk -= min(nextChunk, firstChunk)
            firstChunk = 0
        }
        nextChunk = max(nextChunk, firstChunk)
        return freed
    }

    /// A new connection goes on at `offset`. Returns how many bytes that frees.
    package mutating func resume(at offset: Int64) -> Int {
        let freed = acknowledge(offset)
        nextChunk = firstChunk
        // In the middle of a chunk: its first part is there already.
        if firstChunk < chunks.count, chunks[firstChunk].offset < acked {
            chunks[firstChunk].bytes.removeFirst(Int(acked - chunks[firstChunk].offset))
            chunks[firstChunk].offset = acked
        }
        return freed
    }

    /// Everything as one result, when none of it was sent and it is small; the buffer is then empty.
    package mutating func takeInline() -> InlineOutput? {
        guard acked == 0, nextChunk == 0, end <= Int64(InlineOutput.limitBytes) else { return nil }
        var output = InlineOutput()
        for chunk in chunks {
            switch chunk.stream {
            case .stdout: output.stdout += chunk.bytes
            case .stderr: output.stderr += chunk.bytes
            }
        }
        self = OutputBuffer()
        return output
    }
}
