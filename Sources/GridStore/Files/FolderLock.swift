/// Keeps a folder to one process: a lock on a file in it, which ends with the process however that ends, and holds
/// the process's id for the message that the next one gets.
final class FolderLock: Sendable {
    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { SystemCalls.close(descriptor) }

    /// Lets the next one in, though this value lives on, and though a program that is just being started may hold a copy
    /// of the descriptor for a moment.
    func release() { SystemCalls.unlock(descriptor) }

    /// `what`: as people call it, such as `task store`.
    static func take(folder: String, what: String) throws(StoreError) -> FolderLock {
        let path = folder + "/lock"
        let lock: FolderLock
        let isOurs: Bool
        do throws(SystemFailure) {
            lock = FolderLock(descriptor: try SystemCalls.open(path, .create))
            isOurs = try SystemCalls.lock(lock.descriptor)
            if isOurs {
                try SystemCalls.truncate(lock.descriptor, to: 0)
                try SystemCalls.write(lock.descriptor, Array("\(SystemCalls.processID)\n".utf8), at: 0)
            }
        } catch {
            throw StoreError("could not lock the \(what) by \(path)", error)
        }
        if isOurs { return lock }
        throw StoreError(
            .inUse,
            "the \(what) in \(folder) is open in \(lock.holder.map { "process \($0)" } ?? "another process"); "
                + "stop that one first (`noizylab stop`)")
    }

    /// The process that wrote its id, when it did.
    private var holder: Int32? {
        guard let text = try? SystemCalls.read(descriptor, count: 16, at: 0) else { return nil }
        return Int32(String(decoding: text.prefix { $0 != 10 }, as: UTF8.self))
    }
}
