import Dispatch
import Foundation
import Synchronization
import TestSupport

/// A real process that a test started: what it printed so far and when, and how it ended. Owned by the test; a program
/// that outlives its deadline is killed.
final class RunningProgram: Sendable {
    /// One read from one of the two outputs.
    struct Arrival: Sendable {
        let stream: Stream
        let bytes: Data
        let at: ContinuousClock.Instant
    }

    enum Stream: Sendable { case stdout, stderr }

    private struct Record {
        var arrivals: [Arrival] = []
        var openStreams = 2
        var exitCode: Int32?
    }

    let pid: Int32
    let commandLine: String
    private let startedAt = ContinuousClock.now
    private let record = Mutex(Record())
    private let input: FileHandle?
    private let held: Held

    /// The process object is not Sendable; it is only kept alive here and never used after the start.
    private final class Held: @unchecked Sendable {  // holds a reference and has no methods
        let process: Process
        init(_ process: Process) { self.process = process }
    }

    /// `input`: what it reads, then end of file; nil leaves the pipe open for `write`. `readsOutput` false never
    /// reads what it prints, like a terminal that was stopped.
    init(
        _ executable: String, _ arguments: [String], environment: [String: String], folder: String? = nil,
        input: Data? = Data(), readsOutput: Bool = true
    ) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.environment = environment
        if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
        let (stdin, stdout, stderr) = (Pipe(), Pipe(), Pipe())
        process.standardInput = stdin
        process.standardOutput = stdout
        process.standardError = stderr
        let ended = Ended()
        process.terminationHandler = { process in
            // A shell's way to say "ended by a signal".
            ended.tell(process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus)
        }
        try process.run()
        pid = process.processIdentifier
        commandLine = ([executable] + arguments).joined(separator: " ")
        held = Held(process)
        self.input = input == nil ? stdin.fileHandleForWriting : nil
        ended.whenTold { [weak self] code in self?.record.withLock { $0.exitCode = code } }
        if let input {
            let handle = stdin.fileHandleForWriting
            Thread.detachNewThread {
                blockBrokenPipeSignal()
                _ = try? handle.write(contentsOf: input)
                try? handle.close()
            }
        }
        if readsOutput {
            read(stdout.fileHandleForReading, as: .stdout)
            read(stderr.fileHandleForReading, as: .stderr)
        } else {
            unread.withLock { $0 = [stdout.fileHandleForReading, stderr.fileHandleForReading] }
            record.withLock { $0.openStreams = 0 }
        }
    }

    private let unread = Mutex<[FileHandle]>([])

    private func read(_ handle: FileHandle, as stream: Stream) {
        Thread.detachNewThread { [self] in
            while true {
                let bytes = handle.availableData
                if bytes.isEmpty { break }
                record.withLock { $0.arrivals.append(Arrival(stream: stream, bytes: bytes, at: .now)) }
            }
            try? handle.close()
            record.withLock { $0.openStreams -= 1 }
        }
    }

    /// Begins to read what `readsOutput: false` left in the pipes.
    func startReading() {
        let handles = unread.withLock { handles in
            defer { handles = [] }
            return handles
        }
        guard handles.count == 2 else { return }
        record.withLock { $0.openStreams = 2 }
        read(handles[0], as: .stdout)
        read(handles[1], as: .stderr)
    }

    func write(_ text: String) {
        // On a thread of its own, because of the signal; waited for, so that writes keep their order.
        let written = DispatchSemaphore(value: 0)
        let input = input
        Thread.detachNewThread {
            blockBrokenPipeSignal()
            try? input?.write(contentsOf: Data(text.utf8))
            written.signal()
        }
        written.wait()
    }

    func closeInput() { try? input?.close() }
    func signal(_ number: Int32) { kill(pid, number) }

    var isRunning: Bool { record.withLock { $0.exitCode == nil } }
    var arrivals: [Arrival] { record.withLock { $0.arrivals } }
    var stdout: String { text(of: .stdout) }
    var stderr: String { text(of: .stderr) }

    private func text(of stream: Stream) -> String {
        String(decoding: data(of: stream), as: UTF8.self)
    }

    func data(of stream: Stream) -> Data {
        arrivals.reduce(into: Data()) { all, arrival in
            if arrival.stream == stream { all.append(arrival.bytes) }
        }
    }

    /// When each complete line of standard output came.
    var lineTimes: [(line: String, at: ContinuousClock.Instant)] {
        var lines: [(line: String, at: ContinuousClock.Instant)] = []
        var partial = Data()
        for arrival in arrivals where arrival.stream == .stdout {
            for byte in arrival.bytes {
                if byte == 10 {
                    lines.append((String(decoding: partial, as: UTF8.self), arrival.at))
                    partial = Data()
                } else {
                    partial.append(byte)
                }
            }
        }
        return lines
    }

    /// Waits for the end; kills it and throws when it does not come in time.
    func finished(within limit: Duration = .seconds(60)) async throws -> ProgramResult {
        let ended = try await becomesTrue(within: limit) {
            self.record.withLock { $0.exitCode != nil && $0.openStreams == 0 }
        }
        let record = record.withLock { $0 }
        guard ended, let code = record.exitCode else {
            kill(pid, SIGKILL)
            throw TestFailure(
                """
                did not end within \(limit): \(commandLine)
                stdout: \(stdout.suffix(2000))
                stderr: \(stderr.suffix(2000))
                """)
        }
        return ProgramResult(
            commandLine: commandLine, exitCode: code, stdoutData: data(of: .stdout), stderrData: data(of: .stderr),
            took: .now - startedAt)
    }
}

/// Joins the end of a process with whoever wants to know, whichever comes first.
private final class Ended: Sendable {
    private struct State {
        var code: Int32?
        var tell: (@Sendable (Int32) -> Void)?
    }

    private let state = Mutex(State())

    func tell(_ code: Int32) {
        let tell = state.withLock { state in
            state.code = code
            return state.tell
        }
        tell?(code)
    }

    func whenTold(_ body: @escaping @Sendable (Int32) -> Void) {
        let code = state.withLock { state in
            state.tell = body
            return state.code
        }
        if let code { body(code) }
    }
}

/// How a process ended, and all it printed.
struct ProgramResult: Sendable, CustomStringConvertible {
    let commandLine: String
    let exitCode: Int32
    let stdoutData: Data
    let stderrData: Data
    let took: Duration

    var stdout: String { String(decoding: stdoutData, as: UTF8.self) }
    var stderr: String { String(decoding: stderrData, as: UTF8.self) }
    var lines: [String] { stdout.split(separator: "\n").map(String.init) }

    var description: String {
        """
        \(commandLine)
        exit \(exitCode) after \(took)
        stdout: \(stdout.prefix(3000))
        stderr: \(stderr.prefix(3000))
        """
    }
}

/// Writing to a reader that has gone is an error to handle, not the end of the test run. For this thread alone: an
/// ignored signal would be inherited by the programs under test.
func blockBrokenPipeSignal() {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
}
