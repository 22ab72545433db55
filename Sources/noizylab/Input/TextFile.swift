import CZlib

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A text file read line by line, plain or gzipped, whatever its name says: zlib looks at the first bytes. However
/// large the file is, one block and one line of it are in memory. The file is closed when this value ends.
///
/// Lines end with LF or CR LF, the last one with either or nothing. A byte-order mark at the beginning is left out.
struct TextFile: ~Copyable {
    /// A longer line is refused: what has no line ends is no text.
    static let lineLimitBytes = 1 << 20
    private static let blockBytes = 1 << 16

    let path: String
    /// Of the line read last, from 1; 0 before the first.
    private(set) var lineNumber = 0

    private let file: gzFile
    private var block = [UInt8](repeating: 0, count: TextFile.blockBytes)
    private var filled = 0
    private var position = 0
    private var isAtEnd = false
    private var line: [UInt8] = []

    /// Throws when there is no such file, or it may not be read.
    init(path: String) throws(CommandFailure) {
        errno = 0
        guard let file = gzopen(path, "rbe") else {
            let reason = errno == 0 ? "there is no memory left" : String(cString: strerror(errno))
            throw CommandFailure(
                .usage, "could not open '\(path)': \(reason)", try: "ls -l '\(path)', and the path of a file there")
        }
        self.path = path
        self.file = file
    }

    deinit { gzclose(file) }

    /// The next line without its end; nil after the last one. Throws, naming the file and the line, when the disk
    /// fails, when compressed data is damaged or cut off, and for what is no UTF-8 text.
    mutating func nextLine() throws(CommandFailure) -> String? {
        line.removeAll(keepingCapacity: true)
        while true {
            if position == filled {
                if isAtEnd { break }
                try readBlock()
                continue
            }
            let rest = block[position..<filled]
            let end = rest.firstIndex(of: 10)
            line += rest[..<(end ?? filled)]
            position = end.map { $0 + 1 } ?? filled
            guard line.count <= Self.lineLimitBytes else {
                throw damage("line \(lineNumber + 1) is longer than \(Self.lineLimitBytes) bytes; is it a text file?")
            }
            if end != nil { return try finishLine() }
        }
        return line.isEmpty ? nil : try finishLine()
    }

    /// All of it, with LF at the end of each line: for files that have a few megabytes. Throws beyond 1 GiB.
    static func whole(_ path: String) throws(CommandFailure) -> String {
        var file = try TextFile(path: path)
        var text = ""
        while let line = try file.nextLine() {
            text += line
            text += "\n"
            guard text.utf8.count <= 1 << 30 else { throw file.damage("it is more than 1 GiB unpacked") }
        }
        return text
    }

    private mutating func finishLine() throws(CommandFailure) -> String {
        lineNumber += 1
        if line.last == 13 { line.removeLast() }
        let isMarked = lineNumber == 1 && line.starts(with: [0xEF, 0xBB, 0xBF])
        guard let text = String(validating: isMarked ? line[3...] : line[...], as: UTF8.self) else {
            throw damage("line \(lineNumber) is not UTF-8 text")
        }
        return text
    }

    private mutating func readBlock() throws(CommandFailure) {
        let count = block.withUnsafeMutableBytes { gzread(file, $0.baseAddress, UInt32($0.count)) }
        var code: Int32 = 0
        let system = errno
        let message = gzerror(file, &code).map { String(cString: $0) } ?? ""
        switch code {
        case Z_OK, Z_STREAM_END: break
        case Z_BUF_ERROR: throw damage("it ends in the middle of its compressed data, after line \(lineNumber)")
        case Z_ERRNO: throw damage(String(cString: strerror(system)))
        default: throw damage("its compressed data is damaged after line \(lineNumber) (\(message))")
        }
        filled = max(0, Int(count))
        position = 0
        isAtEnd = filled == 0
    }

    private func damage(_ what: String) -> CommandFailure {
        CommandFailure(.failure, "could not read '\(path)': \(what)", try: "a complete copy of the file")
    }
}
