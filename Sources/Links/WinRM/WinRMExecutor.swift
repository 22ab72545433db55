package import Executors
package import GridModel
import Synchronization
import WinRM

/// Runs attempts on the host at the other end of an open WinRM road.
package final class WinRMExecutor: NodeRunner {
    private struct State {
        var shells: ReadyShells?
        var running: [AttemptRef: WinRMAttempt] = [:]
    }

    private let node: WinRMNode
    private let timers: NodeExecutor
    private let work: AsyncWork
    private let state = Mutex(State())

    init(node: WinRMNode, timers: NodeExecutor, work: AsyncWork) {
        self.node = node
        self.timers = timers
        self.work = work
    }

    /// Nil: the road is closed, and what runs over it is lost.
    func connected(_ shells: ReadyShells?) {
        let lost = state.withLock { state in
            state.shells = shells
            return shells == nil ? Array(state.running.values) : []
        }
        for attempt in lost { attempt.lose() }
    }

    package func start(
        _ attempt: AttemptStart, window: Int, events: @escaping @Sendable (AttemptEvent) -> Void
    ) -> any RunningAttempt {
        let command: Command
        switch attempt.spec.payload {
        case .command(let wanted): command = wanted
        case .echo: return EchoExecutor().start(attempt, window: window, events: events)
        case .network:
            return EndedAttempt.telling(
                AttemptOutcome(end: .refused, error: "node \(node.name) has no agent to look at the network"), events)
        }
        guard let shells = state.withLock({ $0.shells }) else {
            return EndedAttempt.telling(
                AttemptOutcome(end: .lost, error: "the WinRM connection to node \(node.name) is down"), events)
        }
        let token = "~" + (0..<4).map { _ in String(UInt32.random(in: .min ... .max), radix: 36) }.joined() + "~ "
        let text: String
        do throws(AttemptRefusal) {
            text = try TaskScript(node: node, attempt: attempt, token: token).text(command)
        } catch {
            return EndedAttempt.telling(AttemptOutcome(end: .refused, error: error.text), events)
        }
        let running = WinRMAttempt(
            node: node, attempt: attempt, command: command, script: PowerShell.input(script: text), token: token,
            window: window, shells: shells, timers: timers, events: events)
        state.withLock { $0.running[attempt.ref] = running }
        work.start {
            await running.run()
            self.state.withLock { state in
                if state.running[attempt.ref] === running { state.running[attempt.ref] = nil }
            }
        }
        return running
    }

    package func after(milliseconds: Int64, _ body: @escaping @Sendable () -> Void) {
        timers.after(milliseconds: milliseconds, body)
    }
}
