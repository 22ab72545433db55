import GridModel
import Synchronization

/// Names one file of an attempt's output. Part 0 holds what is kept from the beginning; parts 1 and 2 hold the end
/// of a stream that passed its limit, in numbered segments of which the last two are kept.
struct OutputFile: Hashable, Sendable {
    let ref: AttemptRef
    var part: UInt8 = 0
    var segment: UInt32 = 0

    /// Below the store's folder. Ids are scrambled, so their first two letters spread the files over 1,024 folders.
    var path: String { "\(shard)/\(name)" }
    var shard: String { String(ref.task.description.prefix(2)) }
    var name: String { part == 0 ? "\(ref)" : "\(ref).\(part).\(segment)" }

    /// Reads `name` back.
    init?(name: String) {
        let words = name.split(separator: ".", omittingEmptySubsequences: false)
        guard words.count == 2 || words.count == 4, let task = TaskID(words[0]), let epoch = UInt32(words[1]) else {
            return nil
        }
        self.init(ref: AttemptRef(task: task, epoch: epoch))
        guard words.count == 4 else { return }
        guard let part = UInt8(words[2]), part == 1 || part == 2, let segment = UInt32(words[3]) else { return nil }
        self.part = part
        self.segment = segment
    }

    init(ref: AttemptRef, part: UInt8 = 0, segment: UInt32 = 0) {
        self.ref = ref
        self.part = part
        self.segment = segment
    }

    /// Makes this file's checksums its own.
    var seed: UInt64 {
        var seed = ref.task.number &* 0x9E37_79B9_7F4A_7C15
        seed = (seed ^ UInt64(ref.epoch)) &* 0xC2B2_AE3D_27D4_EB4F
        return (seed ^ (UInt64(part) << 32 | UInt64(segment))) &* 0x1656_67B1_9E37_79F9
    }
}

/// An open file, closed when the last user lets go.
final class OpenFile: Sendable {
    let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { SystemCalls.close(descriptor) }
}

/// Open files by name, a bounded number of them: the least recently used are let go, and opened again when needed.
final class OpenFiles: Sendable {
    let folder: String
    private let capacity: Int
    private let state = Mutex(State())

    private struct State {
        var files: [OutputFile: (file: OpenFile, used: UInt64)] = [:]
        var clock: UInt64 = 0
    }

    init(folder: String, capacity: Int) {
        self.folder = folder
        self.capacity = max(8, capacity)
    }

    func open(_ name: OutputFile, creating: Bool = false) throws(SystemFailure) -> OpenFile {
        let known = state.withLock { state -> OpenFile? in
            state.clock += 1
            guard let entry = state.files[name] else { return nil }
            state.files[name]!.used = state.clock  // there: found just above
            return entry.file
        }
        if let known { return known }
        let opened = OpenFile(descriptor: try descriptor(name, creating: creating))
        return state.withLock { state in
            if let other = state.files[name] { return other.file }
            if state.files.count >= capacity { letGo(&state) }
            state.files[name] = (opened, state.clock)
            return opened
        }
    }

    func remove(_ name: OutputFile) throws(SystemFailure) {
        forget(name)
        try SystemCalls.remove("\(folder)/\(name.path)")
    }

    func forget(_ name: OutputFile) { _ = state.withLock { $0.files.removeValue(forKey: name) } }

    private func descriptor(_ name: OutputFile, creating: Bool) throws(SystemFailure) -> Int32 {
        let path = "\(folder)/\(name.path)"
        guard creating else { return try SystemCalls.open(path, .readWrite) }
        do {
            return try SystemCalls.open(path, .create)
        } catch {
            guard error.isFileMissing else { throw error }
            try SystemCalls.makeFolder("\(folder)/\(name.shard)")
            return try SystemCalls.open(path, .create)
        }
    }

    /// A quarter at once, so that looking for the oldest is paid for by many.
    private func letGo(_ state: inout State) {
        let oldest = state.files.sorted { $0.value.used < $1.value.used }.prefix(max(1, capacity / 4))
        for entry in oldest { state.files[entry.key] = nil }
    }
}

/// Memory to build and read records in, used again and again.
final class ScratchPool: Sendable {
    static let bufferBytes = 512 * 1024
    private let free = Mutex<[Scratch]>([])

    func take() -> Scratch { free.withLock { $0.popLast() } ?? Scratch(bytes: Self.bufferBytes) }

    func give(_ scratch: Scratch) { free.withLock { if $0.count < 8 { $0.append(scratch) } } }
}

/// Owned by one call at a time: `ScratchPool` hands each out once.
final class Scratch: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer

    init(bytes count: Int) { bytes = .allocate(byteCount: count, alignment: 64) }

    deinit { bytes.deallocate() }
}
