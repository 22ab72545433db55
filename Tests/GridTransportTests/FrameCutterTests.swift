import GridTransport
import NIOCore
import NIOEmbedded
import Testing

@Suite struct FrameCutterTests {
    @Test func `no split of the bytes makes a piece end on or inside a frame header`() {
        let stream = ByteStream.conversation

        for split in 0...stream.bytes.count {
            let pieces = cut([stream.bytes[..<split], stream.bytes[split...]])

            expectWhole(pieces, stream)
        }
    }

    @Test(arguments: [1, 2, 3, 7, 8, 9, 10, 11, 24, 33, 100, 16_383, 16_384, 16_385, 20_000])
    func `reads of any one size come out whole`(size: Int) {
        let stream = ByteStream.conversation
        let reads = stride(from: 0, to: stream.bytes.count, by: size)
            .map { stream.bytes[$0..<min($0 + size, stream.bytes.count)] }

        expectWhole(cut(reads), stream)
    }

    @Test func `the client's side has no preface`() {
        let stream = ByteStream(hasPreface: false, payloads: [0, 5, 300, 0])

        for split in 0...stream.bytes.count {
            expectWhole(cut([stream.bytes[..<split], stream.bytes[split...]], isServer: false), stream)
        }
    }

    @Test func `an empty frame at the end is passed on at once`() {
        let stream = ByteStream(hasPreface: false, payloads: [5, 0])

        #expect(cut([stream.bytes[...]], isServer: false).joined().count == stream.bytes.count)
    }

    @Test func `an incomplete header is given up at the end`() {
        var cutter = FrameCutter(isServer: false)

        cutter.cut(ByteBuffer(bytes: [0, 0, 5, 1])) { _ in Issue.record("too early") }

        #expect(cutter.rest() == ByteBuffer(bytes: [0, 0, 5, 1]))
        #expect(cutter.rest() == nil)
    }

    @Test func `the handler passes pieces on and keeps their order`() throws {
        let stream = ByteStream.conversation
        let channel = EmbeddedChannel(handler: FrameAligner(isServer: true))
        var pieces: [[UInt8]] = []

        for read in [stream.bytes[..<30], stream.bytes[30..<33], stream.bytes[33...]] {
            try channel.writeInbound(ByteBuffer(bytes: read))
            while let piece = try channel.readInbound(as: ByteBuffer.self) {
                pieces.append(Array(piece.readableBytesView))
            }
        }

        expectWhole(pieces, stream)
        _ = try channel.finish()
    }

    private func cut(_ reads: [ArraySlice<UInt8>], isServer: Bool = true) -> [[UInt8]] {
        var cutter = FrameCutter(isServer: isServer)
        var pieces: [[UInt8]] = []
        for read in reads {
            cutter.cut(ByteBuffer(bytes: read)) { pieces.append(Array($0.readableBytesView)) }
        }
        return pieces
    }

    private func expectWhole(
        _ pieces: [[UInt8]], _ stream: ByteStream, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var end = 0
        for piece in pieces {
            end += piece.count
            if piece.isEmpty || piece.count > FrameCutter.pieceLimit || stream.badEnds.contains(end) {
                Issue.record("a piece of \(piece.count) bytes ends at \(end)", sourceLocation: sourceLocation)
            }
        }
        if Array(pieces.joined()) != stream.bytes {
            Issue.record("\(end) of \(stream.bytes.count) bytes came out, or others", sourceLocation: sourceLocation)
        }
    }
}

/// Frames one after another, and the places where no piece may end.
private struct ByteStream {
    private(set) var bytes: [UInt8] = []
    private(set) var badEnds: Set<Int> = []

    init(hasPreface: Bool, payloads: [Int]) {
        if hasPreface { bytes += Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) }
        for length in payloads {
            let start = bytes.count
            badEnds.formUnion((start + 1)...(start + 8))
            if length > 0 { badEnds.insert(start + 9) }
            bytes += [UInt8(length >> 16), UInt8(length >> 8 & 255), UInt8(length & 255), 0, 0, 0, 0, 0, 1]
            bytes += (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ start) }
        }
    }

    /// Settings, an acknowledgement, headers, two large payloads, small and empty ones, a window update.
    static let conversation = ByteStream(hasPreface: true, payloads: [18, 0, 30, 16_384, 1, 1_500, 8, 0, 0, 4])
}
