import GridModel

/// The head of one record in an output file; its payload follows. 32 bytes, little-endian:
/// magic, version, kind, stream (one byte each), length (4), offset (8), stream position (8), checksum (8).
///
/// The checksum covers payload and head, and is seeded with the file and the place in it, so that neither a torn
/// write, nor a flipped bit, nor an old file's bytes, nor output that looks like a record passes for one.
struct OutputRecord: Equatable {
    enum Kind: UInt8 {
        /// First in every file: `offset` is the limit per stream, `streamPosition` the tail's size. Again in the middle of
        /// an attempt's first file when they become smaller.
        case start = 1
        case data = 2
        /// Last in an ended attempt's first file: `offset` is the attempt's whole length.
        case end = 3
    }

    static let headBytes = 32
    /// Small enough that reading any byte costs little, large enough that heads cost nothing.
    static let maxPayload = 64 * 1024

    var kind: Kind
    /// An `OutputStream`'s number; 0 where there is none.
    var stream: UInt8 = 0
    var length = 0
    var offset: Int64
    /// Bytes of the same stream before this.
    var streamPosition: Int64 = 0

    var end: Int64 { offset + Int64(length) }

    /// Writes the head in front of its payload, which is already there.
    func write(to record: UnsafeMutableRawBufferPointer, seed: UInt64, at position: Int64) {
        record.storeBytes(of: word.littleEndian, toByteOffset: 0, as: UInt64.self)
        record.storeBytes(of: offset.littleEndian, toByteOffset: 8, as: Int64.self)
        record.storeBytes(of: streamPosition.littleEndian, toByteOffset: 16, as: Int64.self)
        let payload = UnsafeRawBufferPointer(rebasing: record[Self.headBytes..<Self.headBytes + length])
        record.storeBytes(
            of: checksum(payload, seed: seed, at: position).littleEndian, toByteOffset: 24, as: UInt64.self)
    }

    /// Nil when the bytes cannot be a head. The payload is not looked at.
    init?(head: UnsafeRawBufferPointer) {
        guard head.count >= Self.headBytes else { return nil }
        let word = UInt64(littleEndian: head.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        guard word & 0xFFFF == Self.magic, let kind = Kind(rawValue: UInt8(word >> 16 & 0xFF)) else { return nil }
        self.kind = kind
        stream = UInt8(word >> 24 & 0xFF)
        length = Int(word >> 32)
        offset = Int64(littleEndian: head.loadUnaligned(fromByteOffset: 8, as: Int64.self))
        streamPosition = Int64(littleEndian: head.loadUnaligned(fromByteOffset: 16, as: Int64.self))
        guard length <= Self.maxPayload, offset >= 0, offset <= 1 << 60, streamPosition >= 0,
            streamPosition <= 1 << 60, (kind == .data) == (stream == 1 || stream == 2)
        else { return nil }
    }

    init(kind: Kind, stream: UInt8 = 0, length: Int = 0, offset: Int64, streamPosition: Int64 = 0) {
        self.kind = kind
        self.stream = stream
        self.length = length
        self.offset = offset
        self.streamPosition = streamPosition
    }

    /// Whether the bytes of head and payload are those that were written there.
    func matches(_ record: UnsafeRawBufferPointer, seed: UInt64, at position: Int64) -> Bool {
        guard record.count >= Self.headBytes + length else { return false }
        let payload = UnsafeRawBufferPointer(rebasing: record[Self.headBytes..<Self.headBytes + length])
        let kept = UInt64(littleEndian: record.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
        return kept == checksum(payload, seed: seed, at: position)
    }

    private static let magic: UInt64 = 0x014E  // "N", version 1

    private var word: UInt64 {
        Self.magic | UInt64(kind.rawValue) << 16 | UInt64(stream) << 24 | UInt64(length) << 32
    }

    private func checksum(_ payload: UnsafeRawBufferPointer, seed: UInt64, at position: Int64) -> UInt64 {
        let mixed = mix(
            mix(mix(mix(seed, word), UInt64(bitPattern: offset)), UInt64(bitPattern: streamPosition)),
            UInt64(bitPattern: position))
        return Checksum.of(payload, seed: mixed)
    }

    private func mix(_ seed: UInt64, _ word: UInt64) -> UInt64 {
        let product = (seed ^ word) &* 0x9E37_79B9_7F4A_7C15
        return product ^ product >> 29
    }
}
