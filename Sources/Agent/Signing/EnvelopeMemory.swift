import Executors
import GridLogic
import GridModel
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The envelopes a node has let in, on disk, so that its restart is nobody's chance to use one again.
///
/// Records of 56 bytes are appended before the attempt starts: nonce (32), task (8), epoch (4), expiry (8), checksum (4);
/// numbers have their least byte first. What the system's cache holds survives the agent's end; a power failure may take
/// the last seconds. Written anew when most of it has expired.
final class EnvelopeMemory: Sendable {
    private struct State {
        var descriptor: Int32
        var records: Int
        /// It is worth looking again whether most has expired when there are so many.
        var compactAt = EnvelopeMemory.compactionRecords
    }

    private static let recordSize = 56
    /// Below so many records the file is not written anew.
    private static let compactionRecords = 20_000

    private let path: String
    private let state: Mutex<State>

    static func open(folder: String) throws(AgentError) -> (memory: EnvelopeMemory, remembered: [EnvelopeJudge.Memory])
    {
        Folders.make(folder)
        let path = folder + "/envelopes"
        let bytes = Folders.read(path, limit: .max) ?? []
        var remembered: [EnvelopeJudge.Memory] = []
        while let memory = decode(bytes, remembered.count * recordSize) { remembered.append(memory) }
        let descriptor = openFile(path)
        // A record that was not written whole ends the file.
        guard descriptor >= 0, ftruncate(descriptor, off_t(remembered.count * recordSize)) == 0 else {
            throw AgentError(.folder, "cannot open \(path): \(systemErrorText(errno))")
        }
        return (EnvelopeMemory(path: path, State(descriptor: descriptor, records: remembered.count)), remembered)
    }

    private init(path: String, _ state: consuming State) {
        self.path = path
        self.state = Mutex(state)
    }

    deinit { state.withLock { _ = close($0.descriptor) } }

    /// `living`: everything that still matters, this one too.
    func add(_ memory: EnvelopeJudge.Memory, living: () -> [EnvelopeJudge.Memory]) throws(AgentError) {
        let code = state.withLock { state -> Int32? in
            if state.records >= state.compactAt, let code = compact(&state, living()) { return code }
            guard Folders.writeAll(Self.encode(memory), to: state.descriptor) else {
                let code = errno
                ftruncate(state.descriptor, off_t(state.records * Self.recordSize))
                return code
            }
            state.records += 1
            return nil
        }
        if let code { throw AgentError(.folder, "cannot write \(path): \(systemErrorText(code))") }
    }

    /// Nil when all went well, else the system's code. Leaves a file that is still mostly alive as it is.
    private func compact(_ state: inout State, _ living: [EnvelopeJudge.Memory]) -> Int32? {
        guard living.count * 2 < state.records else {
            state.compactAt = state.records * 2
            return nil
        }
        guard Folders.replace(path, with: living.flatMap(Self.encode)) else { return errno }
        let descriptor = Self.openFile(path)
        guard descriptor >= 0 else { return errno }
        close(state.descriptor)
        state = State(descriptor: descriptor, records: living.count)
        return nil
    }

    private static func openFile(_ path: String) -> Int32 {
        #if canImport(Darwin)
            Darwin.open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        #else
            Glibc.open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        #endif
    }

    private static func encode(_ memory: EnvelopeJudge.Memory) -> [UInt8] {
        var bytes = memory.nonce.bytes
        func append(_ number: some FixedWidthInteger) { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
        append(memory.ref.task.number)
        append(memory.ref.epoch)
        append(memory.expiresAt.microseconds)
        append(Checksum.crc32(bytes))
        return bytes
    }

    /// Nil when there is no whole record.
    private static func decode(_ bytes: [UInt8], _ start: Int) -> EnvelopeJudge.Memory? {
        guard bytes.count - start >= recordSize else { return nil }
        func number<Number: FixedWidthInteger>(_ offset: Int, _: Number.Type) -> Number {
            (0..<(Number.bitWidth / 8)).reduce(0) {
                $0 | Number(truncatingIfNeeded: bytes[start + offset + $1]) << (8 * $1)
            }
        }
        let task = number(32, UInt64.self)
        guard Checksum.crc32(bytes[start..<(start + 52)]) == number(52, UInt32.self), task < 1 << 40 else { return nil }
        return EnvelopeJudge.Memory(
            nonce: EnvelopeNonce(bytes: Array(bytes[start..<(start + 32)])),
            ref: AttemptRef(task: TaskID(number: task), epoch: number(40, UInt32.self)),
            expiresAt: Timestamp(microseconds: number(44, Int64.self)))
    }
}
