package import Executors
package import GridModel
import Synchronization

/// Runs attempts on the machine at the other end of an open SSH road, each in an `ssh` process of this machine that the
/// shared connection carries. That process is run by the process executor, so output is read only as far as it is
/// wanted, here and there.
package final class SSHExecutor: NodeRunner {
    /// An open road.
    struct Connection: Sendable {
        let channel: ControlChannel
        let socket: String
        let generation: String
    }

    private let settings: SSHSettings
    private let processes: NodeExecutor
    private let environment: [String: String]
    private let connection = Mutex<Connection?>(nil)

    /// - Parameters:
    ///   - processes: runs the `ssh` processes; may be shared by many roads.
    ///   - environment: of the `ssh` processes: what OpenSSH needs, such as the agent's socket.
    init(settings: SSHSettings, processes: NodeExecutor, environment: [String: String]) {
        self.settings = settings
        self.processes = processes
        self.environment = environment
    }

    func connected(_ new: Connection?) { connection.withLock { $0 = new } }

    package func start(
        _ attempt: AttemptStart, window: Int, events: @escaping @Sendable (AttemptEvent) -> Void
    ) -> any RunningAttempt {
        let command: Command
        switch attempt.spec.payload {
        case .command(let wanted): command = wanted
        case .echo(let text): command = Command(invocation: .arguments(["printf", "%s", text]))
        case .network:
            return EndedAttempt.telling(
                AttemptOutcome(end: .refused, error: "node \(settings.node) has no agent to look at the network"),
                events)
        }
        guard let connection = connection.withLock({ $0 }) else {
            return EndedAttempt.telling(
                AttemptOutcome(end: .lost, error: "the SSH connection to node \(settings.node) is down"), events)
        }
        let token = "\u{1}" + (0..<4).map { _ in String(UInt32.random(in: .min ... .max), radix: 36) }.joined() + "."
        let script = AttemptScript(
            settings: settings, generation: connection.generation, attempt: attempt, token: token.quotedToken)
        let text: String
        do throws(AttemptRefusal) {
            text = try script.text(command)
        } catch {
            return EndedAttempt.telling(AttemptOutcome(end: .refused, error: error.text), events)
        }
        var spec = attempt.spec
        spec.timeoutMilliseconds = 0
        spec.payload = .command(
            Command(
                invocation: .arguments(settings.commandArguments(socket: connection.socket)), environment: environment,
                standardInput: Array(ShellText.line(text).utf8) + command.standardInput))
        let running = SSHAttempt(
            ref: attempt.ref, node: settings.node, command: command, token: token, channel: connection.channel,
            timers: processes, events: events)
        running.hold(
            processes.start(AttemptStart(ref: attempt.ref, spec: spec, gpuIndices: []), window: window) {
                running.heard($0)
            }, timeoutMilliseconds: attempt.spec.timeoutMilliseconds)
        return running
    }

    package func after(milliseconds: Int64, _ body: @escaping @Sendable () -> Void) {
        processes.after(milliseconds: milliseconds, body)
    }
}

extension String {
    /// As the attempt's script names it.
    fileprivate var quotedToken: String { ShellText.quoted(self) }
}
