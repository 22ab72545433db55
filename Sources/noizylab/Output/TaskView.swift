import GridWire
import NoizyClient
import Synchronization

/// Shows one task while it lives: on a terminal a line with its state, node and time until there is output; the output
/// itself, stdout to stdout and stderr to stderr; and how it ended. In a pipe the output alone.
final class TaskView: Sendable {
    private struct State {
        var info = Noizylab_Grid_TaskInfo()
        var progress = ""
        var hasOutput = false
        var endsLine = true
        var stdout = TerminalText()
        var stderr = TerminalText()
        var epoch: UInt32 = 0
    }

    private let out: Console
    private let err: Console
    private let isRaw: Bool
    private let showsEnding: Bool
    private let line: LiveLine
    private let begin = ContinuousClock.now
    private let state = Mutex(State())

    /// `isRaw`: a terminal too gets what the task printed as it is.
    init(out: Console = .stdout, err: Console = .stderr, isRaw: Bool, showsEnding: Bool = true) {
        self.out = out
        self.err = err
        self.isRaw = isRaw
        self.showsEnding = showsEnding
        line = LiveLine(console: err)
    }

    var info: Noizylab_Grid_TaskInfo { state.withLock { $0.info } }

    func take(_ update: Noizylab_Grid_WatchUpdate) {
        state.withLock { state in
            switch update.update {
            case .task(let info): state.info = info
            case .progress(let progress):
                state.progress = "\(TimeText.percent(progress.percent)) \(progress.stage)"
            case .output(let output): show(output, &state)
            case nil: break
            }
        }
        draw()
    }

    /// Brings the elapsed time up to date.
    func draw() {
        state.withLock { state in
            // What the task prints shares the terminal: then its own words are the better sign of life.
            guard err.isTerminal, !state.info.id.isEmpty, !(state.hasOutput && out.isTerminal) else { return }
            let elapsed = TimeText.took(milliseconds: (ContinuousClock.now - begin).milliseconds)
            let progress = state.progress.isEmpty ? "" : " · \(state.progress)"
            line.show("\(state.info.id) \(TaskText.situation(state.info)) · \(elapsed)\(progress)")
        }
    }

    /// After the last update.
    func finish() {
        state.withLock { state in
            line.clear()
            for (console, text) in [(out, state.stdout.finish()), (err, state.stderr.finish())] where !text.isEmpty {
                console.write(text)
            }
            guard showsEnding, err.isTerminal, !state.info.id.isEmpty else { return }
            if state.hasOutput, !state.endsLine, out.isTerminal { err.print("") }
            let tone = Tone.ofTask(state.info.state)
            err.print(err.style.paint(TerminalText.oneLine(TaskText.ending(state.info)), tone == .good ? .quiet : tone))
        }
    }

    private func show(_ output: Noizylab_Grid_OutputUpdate, _ state: inout State) {
        line.clear()
        if output.epoch > state.epoch, state.epoch > 0, err.isTerminal {
            err.print(err.style.paint("attempt \(output.epoch) begins", .quiet))
        }
        state.epoch = output.epoch
        state.hasOutput = true
        for chunk in output.chunks {
            if chunk.omittedBefore > 0 {
                err.print("[\(TimeText.bytes(chunk.omittedBefore)) of output were not kept]")
            }
            let bytes = [UInt8](chunk.data)
            if chunk.stream == 2 {
                write(bytes, to: err, &state.stderr)
            } else {
                write(bytes, to: out, &state.stdout)
            }
            state.endsLine = bytes.last == 10
        }
    }

    private func write(_ bytes: [UInt8], to console: Console, _ filter: inout TerminalText) {
        if console.isTerminal, !isRaw { console.write(filter.take(bytes)) } else { console.write(bytes) }
    }
}
