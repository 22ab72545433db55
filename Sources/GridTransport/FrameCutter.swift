package import NIOCore

/// Cuts a stream of HTTP/2 bytes so that no piece ends on or inside a frame header, and none is longer than 64 KiB.
///
/// swift-nio-http2's decoder appends what arrives to a buffer that it shares with the slices it has handed out. When a
/// read ends right behind a 9-byte frame header, which TLS records make common, each append copies a buffer that grows
/// from then on (32 MiB was seen), and the connection stays slow. Pieces that end inside a payload or at a frame's end
/// leave that buffer empty, so nothing is copied.
///
/// Withholds at most the 9 bytes of one header, and only until the next byte comes: a frame with an empty payload is
/// never withheld. What a frame means is not looked at; nonsense is passed on for the decoder to refuse. Since every
/// frame's header comes by here, they are counted here too, if a guard is given.
package struct FrameCutter {
    /// The client's connection preface, which comes before the first frame.
    private var prefaceLeft: Int
    /// What is still to come of the payload of the frame that was last begun.
    private var payloadLeft = 0
    /// A header, or its beginning.
    private var withheld: [UInt8] = []
    private var frames: FrameGuard?

    package init(isServer: Bool, frames: FrameGuard? = nil) {
        self.frames = frames
        prefaceLeft = isServer ? Self.prefaceLength : 0
    }

    /// Why the peer should be heard no longer; nil while it is honest.
    var offence: FrameGuard.Offence? { frames?.offence }

    /// Gives the pieces of `input`, in order, to `emit`.
    package mutating func cut(_ input: ByteBuffer, emit: (ByteBuffer) -> Void) {
        var input = input
        while input.readableBytes > 0 {
            let (piece, fresh) = nextPiece(of: &input)
            let end = lastGoodEnd(of: piece)
            let tail = piece.readableBytes - end
            if tail == 0 {
                emit(piece)
                continue
            }
            if end > 0, let good = piece.getSlice(at: piece.readerIndex, length: end) { emit(good) }
            if input.readableBytes > 0, tail <= fresh {
                // Cut by the limit and not by the end of what has come: the next piece begins here.
                input.moveReaderIndex(to: input.readerIndex - tail)
            } else {
                withheld = Array(piece.readableBytesView.suffix(tail))
            }
        }
    }

    /// What is withheld, when no more will come.
    package mutating func rest() -> ByteBuffer? {
        guard !withheld.isEmpty else { return nil }
        defer { withheld = [] }
        return ByteBuffer(bytes: withheld)
    }

    /// What was withheld and then what came, up to the limit, and how many of these bytes are from `input`.
    ///
    /// Little is copied: TLS and the decoder would hold on to its 32 KiB of storage, and take as much anew, for each.
    private mutating func nextPiece(of input: inout ByteBuffer) -> (ByteBuffer, fresh: Int) {
        let fresh = min(Self.pieceLimit - withheld.count, input.readableBytes)
        // Safe: `fresh` bytes are readable.
        let slice = input.readSlice(length: fresh)!
        guard !withheld.isEmpty || fresh <= Self.copyLimit else { return (slice, fresh) }
        var piece = ByteBufferAllocator().buffer(capacity: withheld.count + fresh)
        piece.writeBytes(withheld)
        piece.writeImmutableBuffer(slice)
        withheld.removeAll(keepingCapacity: true)
        return (piece, fresh)
    }

    /// How many bytes of the piece may be passed on. Moves the place in the current frame by as many.
    private mutating func lastGoodEnd(of piece: ByteBuffer) -> Int {
        let count = piece.readableBytes
        var place = min(prefaceLeft, count)
        prefaceLeft -= place
        while place < count {
            if payloadLeft > 0 {
                let step = min(payloadLeft, count - place)
                payloadLeft -= step
                place += step
                continue
            }
            guard count - place >= Self.headerLength, let length = payloadLength(of: piece, at: place) else {
                return place
            }
            if length > 0, count - place == Self.headerLength { return place }
            note(piece, at: place, length: length)
            place += Self.headerLength
            payloadLeft = length
        }
        return place
    }

    private mutating func note(_ piece: ByteBuffer, at place: Int, length: Int) {
        guard frames != nil, let kind = piece.getInteger(at: piece.readerIndex + place + 3, as: UInt16.self) else {
            return
        }
        frames?.note(type: UInt8(kind >> 8), flags: UInt8(truncatingIfNeeded: kind), length: length) {
            NIODeadline.now().uptimeNanoseconds
        }
    }

    /// The first three bytes of a frame header.
    private func payloadLength(of piece: ByteBuffer, at place: Int) -> Int? {
        let start = piece.readerIndex + place
        guard let high = piece.getInteger(at: start, as: UInt8.self),
            let low = piece.getInteger(at: start + 1, as: UInt16.self)
        else { return nil }
        return Int(high) << 16 | Int(low)
    }

    private static let prefaceLength = 24
    private static let headerLength = 9
    package static let pieceLimit = 64 * 1024
    private static let copyLimit = 4 * 1024
}
