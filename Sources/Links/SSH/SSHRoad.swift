package import Executors
import GridModel
import Synchronization

/// The road over the system's OpenSSH client: one connection, which the control script holds open and every command
/// shares. It is open from the script's first word to the end of its process.
package final class SSHRoad: Road {
    private let settings: SSHSettings
    private let executor: SSHExecutor
    private let environment: [String: String]
    private let channel = Mutex<ControlChannel?>(nil)

    /// - Parameters:
    ///   - processes: runs the `ssh` processes; may be shared by many roads.
    ///   - environment: what OpenSSH needs of ours: `HOME`, `PATH`, `SSH_AUTH_SOCK`.
    package init(settings: SSHSettings, processes: NodeExecutor, environment: [String: String]) {
        self.settings = settings
        self.environment = environment
        executor = SSHExecutor(settings: settings, processes: processes, environment: environment)
    }

    package var runner: any NodeRunner { executor }

    package func open() -> AsyncStream<RoadEvent> {
        let (events, teller) = AsyncStream.makeStream(of: RoadEvent.self)
        let generation = String(UInt64.random(in: .min ... .max), radix: 36)
        let socket = "\(settings.socketFolder)/\(String(generation.prefix(8)))"
        let reader = Mutex(ControlReader())
        let echo = Mutex(RoadEcho())
        let opened = ControlChannel(
            settings.masterArguments(socket: socket), environment: environment
        ) { [self] line in
            if line.hasPrefix("P ") { return echo.withLock { $0.answered(line.dropFirst(2), at: .now) } }
            guard var event = reader.withLock({ $0.take(line) }) else { return }
            if case .sample(var sample) = event {
                sample.roundTripMicroseconds = echo.withLock { $0.microseconds }
                event = .sample(sample)
                let question = echo.withLock { $0.ask(at: .now) }
                if let question { channel.withLock { $0 }?.send(question) }
            }
            if case .opened = event, let channel = channel.withLock({ $0 }) {
                executor.connected(.init(channel: channel, socket: socket, generation: generation))
            }
            teller.yield(event)
        } onEnd: { [self] said in
            executor.connected(nil)
            channel.withLock { $0 = nil }
            teller.yield(.closed(SSHFailure.explain(said, settings)))
            teller.finish()
        }
        guard let opened else {
            teller.yield(.closed(RoadFailure(reason: "the system gives no process for ssh")))
            teller.finish()
            return events
        }
        channel.withLock { $0 = opened }
        opened.send(ShellText.line(ControlScript(tag: settings.tag, generation: generation).text))
        teller.onTermination = { _ in opened.close() }
        return events
    }

    package func close() { channel.withLock { $0 }?.kill() }
}
