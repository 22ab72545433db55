import CZlib
import Foundation

/// Reads a file whole, whether it was compressed with gzip or not.
enum CompressedFile {
    /// What one may unpack to; a trace is some megabytes.
    private static let limit = 1 << 30

    static func text(at path: String) throws -> String {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw CommandFailure(.usage, "\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        guard status.st_mode & S_IFMT != S_IFDIR, let file = gzopen(path, "rb") else {
            throw CommandFailure(.usage, "\(path) is no file that can be read")
        }
        defer { gzclose(file) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Int(gzread(file, &chunk, UInt32(chunk.count)))
            if count == 0 { break }
            guard count > 0, content.count + count <= limit else {
                let what = count > 0 ? "is more than \(limit >> 20) MiB unpacked" : "is damaged: it cannot be unpacked"
                throw CommandFailure(.usage, "\(path) \(what)")
            }
            content += chunk[..<count]
        }
        guard let text = String(validating: content, as: UTF8.self) else {
            throw CommandFailure(.usage, "\(path) is not text in UTF-8")
        }
        return text
    }
}
