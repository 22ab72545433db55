import GridModel
import GridWire
import SwiftProtobuf

/// One line of a spool: a result that is to be kept, or one that need not be any more.
///
/// On disk: the body's length and checksum, four bytes each, then the body: a kind, the task and the epoch, and for a
/// result the message that would tell it (`FromAgent`). Numbers have their least byte first.
enum SpoolRecord: Sendable, Hashable {
    case keep(FinishedAttempt)
    case drop(AttemptRef)

    private static let headerSize = 8
    private static let bodyLimit = 64 << 20

    var ref: AttemptRef {
        switch self {
        case .keep(let attempt): attempt.ref
        case .drop(let ref): ref
        }
    }

    func encode(into bytes: inout [UInt8]) {
        var body: [UInt8]
        switch self {
        case .keep(let attempt): body = [1] + Self.encode(attempt.ref) + Self.encode(attempt)
        case .drop(let ref): body = [2] + Self.encode(ref)
        }
        Self.append(UInt32(body.count), to: &bytes)
        Self.append(Checksum.crc32(body), to: &bytes)
        bytes += body
    }

    /// The record at `offset` and where the next begins; nil when there is no whole one.
    static func decode(_ bytes: [UInt8], at offset: Int) -> (record: SpoolRecord, next: Int)? {
        guard bytes.count - offset >= headerSize else { return nil }
        let count = Int(read(bytes, offset, 4))
        let start = offset + headerSize
        guard count >= 13, count <= bodyLimit, bytes.count - start >= count else { return nil }
        let body = bytes[start..<(start + count)]
        guard Checksum.crc32(body) == UInt32(read(bytes, offset + 4, 4)) else { return nil }
        let task = read(bytes, start + 1, 8)
        let epoch = UInt32(read(bytes, start + 9, 4))
        guard task < 1 << 40 else { return nil }
        let ref = AttemptRef(task: TaskID(number: task), epoch: epoch)
        switch bytes[start] {
        case 1: return decode(ref, Array(body.dropFirst(13))).map { (.keep($0), start + count) }
        case 2: return (.drop(ref), start + count)
        default: return nil
        }
    }

    private static func encode(_ ref: AttemptRef) -> [UInt8] {
        var bytes: [UInt8] = []
        append(ref.task.number, to: &bytes)
        append(ref.epoch, to: &bytes)
        return bytes
    }

    private static func encode(_ attempt: FinishedAttempt) -> [UInt8] {
        var message = Noizylab_Grid_FromAgent()
        message.reports = [Noizylab_Grid_AttemptReport(.finished(attempt.ref, attempt.outcome))]
        if attempt.outputEnd > 0 {
            var output = Noizylab_Grid_AttemptOutput()
            output.chunks = attempt.output.map { Noizylab_Grid_OutputChunk($0) }
            // Where the output ends is told by an empty chunk behind it.
            output.chunks.append(
                Noizylab_Grid_OutputChunk(OutputChunk(offset: attempt.outputEnd, stream: .stdout, bytes: [])))
            message.output = [output]
        }
        // Every field is a number, bytes or a valid string: there is nothing that could fail.
        return (try? message.serializedBytes()) ?? []
    }

    private static func decode(_ ref: AttemptRef, _ bytes: [UInt8]) -> FinishedAttempt? {
        guard let message = try? Noizylab_Grid_FromAgent(serializedBytes: bytes),
            case .finished(_, let outcome)?? = message.reports.first.map({ try? $0.model() })
        else { return nil }
        var attempt = FinishedAttempt(ref: ref, outcome: outcome)
        if let chunks = message.output.first?.chunks {
            attempt.output = chunks.compactMap { try? $0.model() }
            attempt.outputEnd = attempt.output.popLast()?.offset ?? 0
        }
        return attempt
    }

    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
    }

    private static func read(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
        (0..<count).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
    }
}
