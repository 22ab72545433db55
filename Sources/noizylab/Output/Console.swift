#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// One of the two places a command writes to: where it leads, and how it is to be written.
struct Console: Sendable {
    let descriptor: Int32
    let isTerminal: Bool
    let style: TextStyle

    static let stdout = Console(descriptor: STDOUT_FILENO)
    static let stderr = Console(descriptor: STDERR_FILENO)

    private init(descriptor: Int32) {
        self.descriptor = descriptor
        isTerminal = isatty(descriptor) == 1
        let isDumb = environmentValue("TERM") == "dumb"
        style = TextStyle(isColoured: isTerminal && !isDumb && (environmentValue("NO_COLOR") ?? "").isEmpty)
    }

    /// Columns; nil when it is no terminal.
    var width: Int? {
        guard isTerminal else { return nil }
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    func print(_ text: String) { write(text + "\n") }
    func write(_ text: String) { write(Array(text.utf8)) }

    func write(_ table: Table) { write(table.rendered(style: style, width: width)) }

    /// Everything is written, however slow the reader is. A reader that went away ends the command as a signal would.
    func write(_ bytes: some ContiguousBytesLike) {
        bytes.withBytes { buffer in
            var written = 0
            while written < buffer.count {
                let count = unsafeWrite(descriptor, buffer.baseAddress! + written, buffer.count - written)
                if count >= 0 {
                    written += count
                } else if errno == EAGAIN || errno == EWOULDBLOCK {
                    var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&wait, 1, 1_000)
                } else if errno == EPIPE {
                    exit(141)
                } else if errno != EINTR {
                    // The disk is full, or the terminal is gone: nobody can be told, but the exit code can say it.
                    exit(ExitStatus.failure.rawValue)
                }
            }
        }
    }
}

/// Bytes that lie in a row: arrays and their slices.
protocol ContiguousBytesLike {
    func withBytes(_ body: (UnsafeRawBufferPointer) -> Void)
}

extension [UInt8]: ContiguousBytesLike {
    func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) { withUnsafeBytes(body) }
}

extension ArraySlice<UInt8>: ContiguousBytesLike {
    func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) { withUnsafeBytes(body) }
}

private func unsafeWrite(_ descriptor: Int32, _ base: UnsafeRawPointer, _ count: Int) -> Int {
    #if canImport(Darwin)
        Darwin.write(descriptor, base, count)
    #else
        Glibc.write(descriptor, base, count)
    #endif
}

/// Nil when the variable is not set.
func environmentValue(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
}
