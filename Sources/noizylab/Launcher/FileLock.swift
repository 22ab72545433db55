import Executors
import Foundation

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Holds a lock on a file or folder as long as it lives; the system gives it back when the process ends, however it
/// ends.
struct FileLock: ~Copyable, Sendable {
    private let descriptor: Int32

    /// Nil when another process holds it.
    init?(_ path: String, isFolder: Bool = false) throws {
        descriptor =
            isFolder ? open(path, O_RDONLY | O_CLOEXEC) : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CommandFailure(.failure, "cannot open \(path): \(systemErrorText(errno))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
    }

    deinit { close(descriptor) }

    /// One `start` or `stop` at a time for a home. The folder itself is locked, so no file is left.
    static func ofHome(_ home: HomeFolder, patience: Duration = .seconds(60)) async throws -> FileLock {
        let deadline = ContinuousClock.now + patience
        while ContinuousClock.now < deadline {
            if let lock = try FileLock(home.path, isFolder: true) { return lock }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw CommandFailure(
            .failure, "another noizylab start or stop has been at work in \(home.path) for \(patience)",
            try: "the same again when it has ended")
    }
}
