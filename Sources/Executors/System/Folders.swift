#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The little that is needed of the file system, without Foundation.
package enum Folders {
    /// Makes a folder and its parents, for this user alone. False when it cannot be made; errno says why.
    @discardableResult
    package static func make(_ path: String) -> Bool {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return true }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return false }
        return make(String(path[..<slash])) && (mkdir(path, 0o700) == 0 || errno == EEXIST)
    }

    /// Makes a new folder below `/tmp`, for this user alone: its path is `prefix`, which begins with `/tmp/`, and six more
    /// characters. Nil when it cannot be made; errno says why.
    package static func makeTemporary(_ prefix: String) -> String? {
        var template = Array((prefix + String(repeating: "X", count: temporaryLetters)).utf8CString)
        guard mkdtemp(&template) != nil else { return nil }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// What `makeTemporary` puts behind the prefix.
    package static let temporaryLetters = 6

    /// The names in a folder, without `.` and `..`; empty when it cannot be read.
    package static func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// Removes a file or a whole tree; links are removed, never followed.
    package static func remove(_ path: String) {
        if unlink(path) == 0 || rmdir(path) == 0 || errno == ENOENT { return }
        chmod(path, 0o700)
        for name in names(in: path) { remove(path + "/" + name) }
        rmdir(path)
    }

    /// The whole of a small file; nil when it cannot be read.
    package static func read(_ path: String, limit: Int = 1 << 20) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var isFailed = false
        withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 8) { buffer in
            while content.count < limit {
                #if canImport(Darwin)
                    let count = Darwin.read(descriptor, buffer.baseAddress, buffer.count)
                #else
                    let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                #endif
                if count < 0 && errno == EINTR { continue }
                if count < 0 { isFailed = true }
                if count <= 0 { break }
                content.append(contentsOf: buffer[..<count])
            }
        }
        return isFailed ? nil : content
    }

    package static func readText(_ path: String) -> String? {
        read(path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Writes a file for this user alone, replacing what was there. False when it could not; errno says why.
    @discardableResult
    package static func write(_ bytes: some Collection<UInt8>, to path: String) -> Bool {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return writeAll(Array(bytes), to: descriptor)
    }

    /// Replaces a file whole, by way of `path.new`: there is the old one or the new, also after a power cut. False when it
    /// could not; errno says why.
    package static func replace(_ path: String, with bytes: [UInt8]) -> Bool {
        let draft = path + ".new"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        let isWritten = writeAll(bytes, to: descriptor) && synchronize(descriptor)
        let code = errno
        close(descriptor)
        guard isWritten, rename(draft, path) == 0 else {
            let reason = isWritten ? errno : code
            unlink(draft)
            errno = reason
            return false
        }
        // A file system that cannot do it for folders loses only the new name.
        let folder = open(path.lastIndex(of: "/").map { String(path[...$0]) } ?? ".", O_RDONLY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
        return true
    }

    private static func synchronize(_ descriptor: Int32) -> Bool {
        #if canImport(Darwin)
            // fsync alone leaves the bytes in the drive's cache.
            fcntl(descriptor, F_FULLFSYNC) == 0 || fsync(descriptor) == 0
        #else
            fsync(descriptor) == 0
        #endif
    }

    /// False when not everything could be written; errno says why.
    package static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var written = 0
            while written < buffer.count {
                #if canImport(Darwin)
                    let count = Darwin.write(descriptor, buffer.baseAddress! + written, buffer.count - written)
                #else
                    let count = Glibc.write(descriptor, buffer.baseAddress! + written, buffer.count - written)
                #endif
                if count < 0 && errno == EINTR { continue }
                if count < 0 { return false }
                written += count
            }
            return true
        }
    }
}
