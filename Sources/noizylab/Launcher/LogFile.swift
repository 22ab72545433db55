import Executors
import Foundation
import Logging
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The log of one process: a line for each fact, on its standard error, which is the file. When that has grown past
/// `limitBytes` it is moved aside, and a new one begun; `keptFiles` old ones stay.
final class LogFile: Sendable {
    private struct State {
        var written: Int64
    }

    static let limitBytes: Int64 = 10 << 20
    static let keptFiles = 3

    private let path: String?
    private let state: Mutex<State>

    /// `path`: nil logs to standard error alone, whatever that is.
    init(path: String?) {
        self.path = path
        state = Mutex(State(written: path.flatMap(FileFacts.init)?.size ?? 0))
    }

    func append(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        state.withLock { state in
            // A disk that is full loses log lines and nothing else.
            if Folders.writeAll(bytes, to: STDERR_FILENO) { state.written += Int64(bytes.count) }
            guard let path, state.written > Self.limitBytes else { return }
            state.written = 0
            Self.rotate(path)
        }
    }

    private static func rotate(_ path: String) {
        for number in (1..<keptFiles).reversed() { rename("\(path).\(number)", "\(path).\(number + 1)") }
        rename(path, "\(path).1")
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        dup2(descriptor, STDOUT_FILENO)
        dup2(descriptor, STDERR_FILENO)
        close(descriptor)
    }
}

/// `2026-11-22T22:18:09.123Z notice coordinator: Listening listen=0.0.0.0:50051`: sorted by time as text, read by people
/// and by `noizylab logs`.
struct LineLogHandler: LogHandler {
    let part: String
    let file: LogFile
    var logLevel: Logger.Level = .info
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        var line = "\(TimeText.iso(microseconds: Clocks.wall()) ?? "") \(event.level) \(part): \(event.message)"
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            let text = "\(value)"
            let isPlain = !text.isEmpty && !text.contains { $0.isWhitespace || $0 == "\"" || $0 == "=" }
            line += " \(key)=" + (isPlain ? text : JSONValue.string(text).compact)
        }
        file.append(TerminalText.oneLine(line))
    }

    /// The logger of a part's process. `NOIZYLAB_LOG` raises or lowers what is told.
    static func logger(_ part: GridPart, _ file: LogFile) -> Logger {
        var logger = Logger(label: "\(part)") { _ in LineLogHandler(part: "\(part)", file: file) }
        logger.logLevel = environmentValue("NOIZYLAB_LOG").flatMap(Logger.Level.init(rawValue:)) ?? .info
        return logger
    }
}
