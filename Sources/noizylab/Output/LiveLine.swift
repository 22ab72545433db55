import Synchronization

/// One line on a terminal that is written over and over; nothing at all anywhere else.
final class LiveLine: Sendable {
    private let console: Console
    private let shown = Mutex("")

    init(console: Console) { self.console = console }

    func show(_ text: String) {
        guard console.isTerminal else { return }
        let line = DisplayWidth.cut(TerminalText.oneLine(text), to: max(10, (console.width ?? 80) - 1))
        shown.withLock { shown in
            guard shown != line else { return }
            shown = line
            console.write("\r\u{1B}[2K" + console.style.paint(line, .quiet))
        }
    }

    /// Before anything else is written.
    func clear() {
        guard console.isTerminal else { return }
        shown.withLock { shown in
            guard !shown.isEmpty else { return }
            shown = ""
            console.write("\r\u{1B}[2K")
        }
    }
}
