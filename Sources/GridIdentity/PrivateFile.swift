#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Files that hold keys and certificates: folders 0700, files 0600, written whole or not at all.
package enum PrivateFile {
    /// Makes the folder and those above it; those that were there stay as they are.
    package static func makeFolder(_ path: String) throws(IdentityError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
        guard errno == ENOENT, !parent.isEmpty else { throw failure("make the folder", path) }
        try makeFolder(parent)
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure("make the folder", path) }
    }

    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The whole file. With `isKey` it is refused when other users could read it.
    package static func read(_ path: String, isKey: Bool = false) throws(IdentityError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure("read", path) }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw failure("read", path) }
        guard facts.st_mode & S_IFMT == S_IFREG, facts.st_size <= sizeLimit else {
            throw IdentityError(.file, "\(path) is not a file of at most \(sizeLimit) bytes.")
        }
        if isKey, facts.st_mode & 0o077 != 0 {
            throw IdentityError(
                .exposedKey, "The private key \(path) can be read by other users. Mend it: chmod 600 '\(path)'")
        }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = unsafeRead(descriptor, &piece)
            if count < 0, errno == EINTR { continue }
            guard count >= 0, bytes.count + count <= sizeLimit else { throw failure("read", path) }
            if count == 0 { break }
            bytes.append(contentsOf: piece[..<count])
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw IdentityError(.malformed, "\(path) is not a text file.")
        }
        return text
    }

    /// Replaces the file: readers see the old text or the new one, also after a power failure.
    package static func write(_ text: String, to path: String) throws(IdentityError) {
        let temporary = try writeTemporary(text, beside: path)
        guard rename(temporary, path) == 0 else {
            let error = failure("write", path)
            unlink(temporary)
            throw error
        }
        syncFolder(of: path)
    }

    /// Writes the file unless it is there. Says whether it did: of two processes exactly one hears true.
    package static func create(_ text: String, at path: String) throws(IdentityError) -> Bool {
        let temporary = try writeTemporary(text, beside: path)
        defer { unlink(temporary) }
        if link(temporary, path) == 0 {
            syncFolder(of: path)
            return true
        }
        guard errno == EEXIST else { throw failure("write", path) }
        return false
    }

    /// The files of a folder, in no order.
    static func names(in folder: String) throws(IdentityError) -> [String] {
        guard let directory = opendir(folder) else { throw failure("look into", folder) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
                    String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// One that is not there is fine.
    static func remove(_ path: String) throws(IdentityError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw failure("remove", path) }
        syncFolder(of: path)
    }

    private static let sizeLimit = 256 * 1024

    private static func unsafeRead(_ descriptor: Int32, _ piece: inout [UInt8]) -> Int {
        piece.withUnsafeMutableBytes { buffer in
            #if canImport(Darwin)
                Darwin.read(descriptor, buffer.baseAddress, buffer.count)
            #elseif canImport(Musl)
                Musl.read(descriptor, buffer.baseAddress, buffer.count)
            #else
                Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            #endif
        }
    }

    private static func writeTemporary(_ text: String, beside path: String) throws(IdentityError) -> String {
        let temporary = "\(path).\(getpid())-\(UInt32.random(in: 0 ... .max)).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("write", path) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = unsafeWrite(descriptor, bytes[written...])
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let error = failure("write", path)
                unlink(temporary)
                throw error
            }
            written += count
        }
        guard fsync(descriptor) == 0 else {
            let error = failure("write", path)
            unlink(temporary)
            throw error
        }
        return temporary
    }

    private static func unsafeWrite(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) -> Int {
        bytes.withUnsafeBytes { buffer in
            #if canImport(Darwin)
                Darwin.write(descriptor, buffer.baseAddress, buffer.count)
            #elseif canImport(Musl)
                Musl.write(descriptor, buffer.baseAddress, buffer.count)
            #else
                Glibc.write(descriptor, buffer.baseAddress, buffer.count)
            #endif
        }
    }

    /// So that the new name survives a power failure. A file system that cannot do it loses only that.
    private static func syncFolder(of path: String) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func failure(_ verb: String, _ path: String) -> IdentityError {
        IdentityError(.file, "Cannot \(verb) \(path): \(String(cString: strerror(errno))).")
    }
}
