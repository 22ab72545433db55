package import GridModel

/// A stretch of an attempt's output, in order.
package struct OutputPage: Sendable, Hashable {
    package var pieces: [OutputPiece]
    /// Where the next read goes on.
    package var next: Int64
    /// The attempt has ended and there is nothing at `next` or after.
    package var isEnd: Bool
    /// False when nothing was ever heard of this attempt here: not opened, no output on disk. Its output, if any, is
    /// in its outcome.
    package var isKnown: Bool

    package init(pieces: [OutputPiece] = [], next: Int64, isEnd: Bool = false, isKnown: Bool = true) {
        self.pieces = pieces
        self.next = next
        self.isEnd = isEnd
        self.isKnown = isKnown
    }
}

/// Neighbouring bytes of one stream.
package struct OutputPiece: Sendable, Hashable {
    package var offset: Int64
    package var stream: OutputStream
    /// Empty only where the attempt ended with bytes that were left out.
    package var bytes: [UInt8]
    /// Bytes left out between the end of the piece before, or where the read began, and this one.
    package var omittedBefore: Int64

    package init(offset: Int64, stream: OutputStream, bytes: [UInt8], omittedBefore: Int64 = 0) {
        self.offset = offset
        self.stream = stream
        self.bytes = bytes
        self.omittedBefore = omittedBefore
    }

    package var end: Int64 { offset + Int64(bytes.count) }
}
