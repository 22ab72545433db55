import CZlib

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Writes a text file, gzipped when its name ends in `.gz`. It appears under its name when `finish` is called, whole;
/// without that nothing is left of it.
struct TextFileWriter: ~Copyable {
    private let path: String
    private let partial: String
    private let file: gzFile
    private var isFinished = false

    init(path: String) throws(CommandFailure) {
        self.path = path
        partial = "\(path).partial-\(getpid())"
        errno = 0
        // T: as it is, not compressed.
        guard let file = gzopen(partial, path.hasSuffix(".gz") ? "wbe" : "wbeT") else {
            throw Self.failure(path)
        }
        self.file = file
    }

    deinit {
        guard !isFinished else { return }
        gzclose(file)
        unlink(partial)
    }

    mutating func write(line: String) throws(CommandFailure) {
        var text = line + "\n"
        let isWritten = text.withUTF8 { gzwrite(file, $0.baseAddress, UInt32($0.count)) == Int32($0.count) }
        if !isWritten { throw Self.failure(path) }
    }

    consuming func finish() throws(CommandFailure) {
        isFinished = true
        guard gzclose(file) == Z_OK, rename(partial, path) == 0 else {
            let failure = Self.failure(path)
            unlink(partial)
            throw failure
        }
    }

    private static func failure(_ path: String) -> CommandFailure {
        let reason = errno == 0 ? "it cannot be written" : String(cString: strerror(errno))
        return CommandFailure(.failure, "could not write '\(path)': \(reason)", try: "df -h, or another --output")
    }
}
