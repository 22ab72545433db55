#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A system call that failed, with its error number.
struct SystemFailure: Error, CustomStringConvertible {
    let call: String
    let number: Int32

    init(_ call: String) {
        self.call = call
        number = errno
    }

    var isFileMissing: Bool { number == ENOENT }
    var isNoRoom: Bool { number == ENOSPC || number == EDQUOT || number == EFBIG }
    var wouldBlock: Bool { number == EWOULDBLOCK }
    var description: String { "\(call): \(String(cString: strerror(number)))" }
}

extension StoreError {
    /// `tried`: a sentence's beginning, such as `could not write the output of task x to y`.
    init(_ tried: String, _ failure: SystemFailure) {
        if failure.isNoRoom {
            self.init(.diskFull, "\(tried): the disk is full; make room and it goes on", cause: failure)
        } else {
            self.init(.inputOutput, "\(tried): check the disk and the folder's permissions", cause: failure)
        }
    }
}

/// The few system calls the store makes itself; the one place that knows the C library.
enum SystemCalls {
    /// What is known of a file without opening it.
    struct Status {
        var size: Int64
        var modifiedMicroseconds: Int64
        var isFolder: Bool
    }

    enum Access {
        /// An existing file, for reading.
        case read
        /// An existing file, for both.
        case readWrite
        /// For both, made when missing, readable by its owner alone.
        case create
    }

    static func open(_ path: String, _ access: Access) throws(SystemFailure) -> Int32 {
        let flags =
            switch access {
            case .read: O_RDONLY
            case .readWrite: O_RDWR
            case .create: O_RDWR | O_CREAT
            }
        while true {
            #if canImport(Darwin)
                let descriptor = Darwin.open(path, flags | O_CLOEXEC, 0o600)
            #else
                let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o600)
            #endif
            if descriptor >= 0 { return descriptor }
            if errno != EINTR { throw SystemFailure("open") }
        }
    }

    static func close(_ descriptor: Int32) {
        #if canImport(Darwin)
            _ = Darwin.close(descriptor)
        #else
            _ = Glibc.close(descriptor)
        #endif
    }

    /// Reads until `buffer` is full or the file ends; the count read.
    static func read(
        _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, at position: Int64
    ) throws(SystemFailure) -> Int {
        var done = 0
        while done < buffer.count {
            let count = pread(
                descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(position) + off_t(done))
            if count > 0 {
                done += count
            } else if count == 0 {
                break
            } else if errno != EINTR {
                throw SystemFailure("pread")
            }
        }
        return done
    }

    static func write(
        _ descriptor: Int32, _ buffer: UnsafeRawBufferPointer, at position: Int64
    ) throws(SystemFailure) {
        var done = 0
        while done < buffer.count {
            let count = pwrite(
                descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(position) + off_t(done))
            if count > 0 {
                done += count
            } else if count == 0 || errno != EINTR {
                throw SystemFailure("pwrite")
            }
        }
    }

    static func read(_ descriptor: Int32, count: Int, at position: Int64) throws(SystemFailure) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { buffer.deallocate() }
        let found = try read(descriptor, into: buffer, at: position)
        return [UInt8](UnsafeRawBufferPointer(rebasing: buffer[..<found]))
    }

    static func write(_ descriptor: Int32, _ bytes: [UInt8], at position: Int64) throws(SystemFailure) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
        defer { buffer.deallocate() }
        buffer.copyBytes(from: bytes)
        try write(descriptor, UnsafeRawBufferPointer(buffer), at: position)
    }

    static func truncate(_ descriptor: Int32, to size: Int64) throws(SystemFailure) {
        if ftruncate(descriptor, off_t(size)) != 0 { throw SystemFailure("ftruncate") }
    }

    /// Returns when the bytes, and as much of the file's description as is needed to find them, are on the medium.
    static func synchronize(_ descriptor: Int32) throws(SystemFailure) {
        #if canImport(Darwin)
            // fsync alone leaves the bytes in the drive's cache.
            if fcntl(descriptor, F_FULLFSYNC) != 0 && fsync(descriptor) != 0 { throw SystemFailure("fsync") }
        #else
            if fdatasync(descriptor) != 0 { throw SystemFailure("fdatasync") }
        #endif
    }

    static func size(_ descriptor: Int32) throws(SystemFailure) -> Int64 {
        var status = stat()
        if fstat(descriptor, &status) != 0 { throw SystemFailure("fstat") }
        return Int64(status.st_size)
    }

    /// Nil when there is no such file.
    static func status(_ path: String) throws(SystemFailure) -> Status? {
        var status = stat()
        if lstat(path, &status) != 0 {
            let failure = SystemFailure("stat")
            if failure.isFileMissing { return nil }
            throw failure
        }
        #if canImport(Darwin)
            let modified = status.st_mtimespec
        #else
            let modified = status.st_mtim
        #endif
        return Status(
            size: Int64(status.st_size),
            modifiedMicroseconds: Int64(modified.tv_sec) * 1_000_000 + Int64(modified.tv_nsec) / 1_000,
            isFolder: status.st_mode & S_IFMT == S_IFDIR)
    }

    /// Makes the folder and those above it that are missing, for their owner alone. True when it was made.
    @discardableResult
    static func makeFolder(_ path: String) throws(SystemFailure) -> Bool {
        if mkdir(path, 0o700) == 0 { return true }
        let failure = SystemFailure("mkdir")
        if failure.number == EEXIST { return false }
        guard failure.isFileMissing, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw failure
        }
        try makeFolder(String(path[..<slash]))
        if mkdir(path, 0o700) == 0 { return true }
        if errno == EEXIST { return false }
        throw SystemFailure("mkdir")
    }

    /// False when it was not there.
    @discardableResult
    static func remove(_ path: String) throws(SystemFailure) -> Bool {
        if unlink(path) == 0 { return true }
        let failure = SystemFailure("unlink")
        if failure.isFileMissing { return false }
        throw failure
    }

    /// Names in a folder, without `.` and `..`; empty when it is missing.
    static func names(in folder: String) throws(SystemFailure) -> [String] {
        guard let stream = opendir(folder) else {
            let failure = SystemFailure("opendir")
            if failure.isFileMissing { return [] }
            throw failure
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// Replaces `target`, and makes that durable.
    static func rename(_ path: String, to target: String) throws(SystemFailure) {
        #if canImport(Darwin)
            if Darwin.rename(path, target) != 0 { throw SystemFailure("rename") }
        #else
            if Glibc.rename(path, target) != 0 { throw SystemFailure("rename") }
        #endif
        guard let slash = target.lastIndex(of: "/") else { return }
        try synchronizeFolder(String(target[..<slash]))
    }

    /// Makes the names in a folder durable.
    static func synchronizeFolder(_ folder: String) throws(SystemFailure) {
        let descriptor = try open(folder, .read)
        defer { close(descriptor) }
        if fsync(descriptor) != 0 { throw SystemFailure("fsync") }
    }

    /// False when another open file description holds it.
    static func lock(_ descriptor: Int32) throws(SystemFailure) -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let failure = SystemFailure("flock")
            if failure.wouldBlock { return false }
            if failure.number != EINTR { throw failure }
        }
        return true
    }

    static func unlock(_ descriptor: Int32) { _ = flock(descriptor, LOCK_UN) }

    static var processID: Int32 { getpid() }
}
