import Executors
import ProcessShims
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The OpenSSH process that holds a road open: the control master, and the control script on its other end. Lines of
/// its output are heard on a thread of its own; `onEnd` comes last, with what it said on standard error.
final class ControlChannel: Sendable {
    private struct State {
        /// Ours to write to; -1 when closed.
        var input: Int32
        var hasEnded = false
    }

    private let process: Int32
    private let state: Mutex<State>

    /// Nil when the system gives no process.
    init?(
        _ arguments: [String], environment: [String: String], onLine: @escaping @Sendable (Substring) -> Void,
        onEnd: @escaping @Sendable (String) -> Void
    ) {
        var pipes: [[Int32]] = []
        for _ in 0..<3 {
            var ends: [Int32] = [-1, -1]
            guard noizylab_pipe(&ends) == 0 else {
                for descriptor in pipes.joined() { Self.shut(descriptor) }
                return nil
            }
            pipes.append(ends)
        }
        var process = pid_t()
        var handle: Int32 = -1
        // `env` finds the client in PATH.
        let failure = withCStrings(["env"] + arguments) { list in
            withCStrings(environment.map { "\($0.key)=\($0.value)" }.sorted()) { variables in
                noizylab_spawn(
                    "/usr/bin/env", list, variables, "/", pipes[0][0], pipes[1][1], pipes[2][1], &process, &handle)
            }
        }
        for descriptor in [pipes[0][0], pipes[1][1], pipes[2][1], handle] where descriptor >= 0 {
            Self.shut(descriptor)
        }
        guard failure == 0 else {
            for descriptor in [pipes[0][1], pipes[1][0], pipes[2][0]] { Self.shut(descriptor) }
            return nil
        }
        self.process = process
        state = Mutex(State(input: pipes[0][1]))
        let (output, errors) = (pipes[1][0], pipes[2][0])
        SystemThread.start("road") {
            let said = Self.read(output, errors, onLine)
            self.close()
            self.reap()
            onEnd(said)
        }
        .detach()
    }

    /// A line for the control script. What cannot be written is of no use any more: the road is closing.
    func send(_ line: String) {
        state.withLock { state in
            if state.input >= 0 { _ = Folders.writeAll(Array(line.utf8), to: state.input) }
        }
    }

    /// The other end sees the end of its input and ends what it runs; the process has a moment to go by itself.
    func close() {
        state.withLock { state in
            if state.input >= 0 { Self.shut(state.input) }
            state.input = -1
        }
    }

    /// At once, whatever the other end does.
    func kill() {
        close()
        state.withLock { if !$0.hasEnded { signal(SIGKILL) } }
    }

    private func signal(_ number: Int32) {
        #if canImport(Darwin)
            _ = Darwin.kill(process, number)
        #else
            _ = Glibc.kill(process, number)
        #endif
    }

    private func reap() {
        state.withLock { state in
            signal(SIGTERM)
            var status: Int32 = 0
            while waitpid(process, &status, 0) < 0 && errno == EINTR {}
            state.hasEnded = true
        }
    }

    /// Until the end of both; returns the end of what was said on `errors`.
    private static func read(_ output: Int32, _ errors: Int32, _ onLine: (Substring) -> Void) -> String {
        defer {
            shut(output)
            shut(errors)
        }
        var (line, said): ([UInt8], [UInt8]) = ([], [])
        var waits = [
            pollfd(fd: output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
        ]
        var buffer = [UInt8](repeating: 0, count: 8_192)
        while waits[0].fd >= 0 {
            guard poll(&waits, 2, -1) >= 0 || errno == EINTR else { break }
            for index in waits.indices where waits[index].fd >= 0 && waits[index].revents != 0 {
                #if canImport(Darwin)
                    let count = Darwin.read(waits[index].fd, &buffer, buffer.count)
                #else
                    let count = Glibc.read(waits[index].fd, &buffer, buffer.count)
                #endif
                if count <= 0 {
                    waits[index].fd = -1
                } else if index == 1 {
                    said = Array((said + buffer[..<count]).suffix(8_192))
                } else {
                    line += buffer[..<count]
                    while let end = line.firstIndex(of: 10) {
                        onLine(Substring(decoding: line[..<end], as: UTF8.self))
                        line.removeSubrange(...end)
                    }
                    // Nobody who means well sends a line that long.
                    if line.count > 65_536 { return "the other end does not speak as it should" }
                }
            }
        }
        return String(decoding: said, as: UTF8.self)
    }

    private static func shut(_ descriptor: Int32) {
        #if canImport(Darwin)
            Darwin.close(descriptor)
        #else
            Glibc.close(descriptor)
        #endif
    }
}
