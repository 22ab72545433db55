package import Executors
import GridModel
import Synchronization
package import WinRM

/// The road over WinRM. It is open from the first word of the script that measures the host to the end of its shell;
/// attempts have shells of their own.
package final class WinRMRoad: Road {
    /// What the lines of one opening said.
    private final class Heard: Sendable {
        private struct State {
            var reader = HostReader()
            var isOpen = false
        }

        private let state = Mutex(State())

        func take(_ line: Substring) -> RoadEvent? {
            state.withLock { state in
                let event = state.reader.take(line)
                guard case .opened? = event else { return event }
                // When the script began again, the road was open all the time.
                defer { state.isOpen = true }
                return state.isOpen ? nil : event
            }
        }
    }

    private let node: WinRMNode
    private let settings: @Sendable () async throws -> WinRMSettings
    private let executor: WinRMExecutor
    private let work = AsyncWork()
    private let control = Mutex<RemoteShell?>(nil)

    /// - Parameters:
    ///   - timers: lends its timer.
    ///   - settings: asked at each opening, so that a new password is used; throws what is to be told.
    package init(
        node: WinRMNode, timers: NodeExecutor, settings: @escaping @Sendable () async throws -> WinRMSettings
    ) {
        self.node = node
        self.settings = settings
        executor = WinRMExecutor(node: node, timers: timers, work: work)
    }

    package var runner: any NodeRunner { executor }

    /// Does what the road and its attempts need to be done, until it is cancelled and all is cleaned up.
    package func run() async { await work.run() }

    package func open() -> AsyncStream<RoadEvent> {
        let (events, teller) = AsyncStream.makeStream(of: RoadEvent.self)
        teller.onTermination = { [self] _ in close() }
        work.start { await self.travel(teller) }
        return events
    }

    package func close() {
        guard let shell = control.withLock({ $0 }) else { return }
        work.start { await shell.disconnect() }
    }

    /// One opening.
    private func travel(_ teller: AsyncStream<RoadEvent>.Continuation) async {
        let end = { (failure: RoadFailure) in
            teller.yield(.closed(failure))
            teller.finish()
        }
        do {
            let host = try await settings()
            let connector = try HostConnector(settings: host)
            let shell = RemoteShell(connector, id: node.shellID(), makeID: WinRMNode.anyID)
            control.withLock { $0 = shell }
            var left: [ReadyShells] = []
            let failure = await travel(shell, connector, host, teller, leaving: &left)
            control.withLock { $0 = nil }
            end(failure)
            for shells in left { await shells.close() }
            if failure.isWorthCleaning { try? await shell.close() } else { await shell.disconnect() }
        } catch {
            end(error as? RoadFailure ?? RoadFailure(reason: "\(error)"))
        }
    }

    private func travel(
        _ shell: RemoteShell, _ connector: HostConnector, _ host: WinRMSettings,
        _ teller: AsyncStream<RoadEvent>.Continuation, leaving left: inout [ReadyShells]
    ) async -> RoadFailure {
        do {
            try await shell.open()
            try await sweep(shell)
            // One for measuring, one for GPUs, one left for a person.
            let limit = try await shell.limit() ?? 30
            let shells = ReadyShells(node: node, connector: connector, work: work, limit: max(1, limit - 3))
            let result: Result<Void, any Error>
            do {
                result = .success(try await measure(shell, connector, shells, teller))
            } catch {
                result = .failure(error)
            }
            executor.connected(nil)
            left.append(shells)
            try result.get()
        } catch let error as WinRMError {
            return WinRMFailure.explain(error, host)
        } catch {
            // Cancelled.
        }
        return RoadFailure(reason: "the road was closed from here")
    }

    /// Ends what an earlier opening, or a coordinator that was killed, left there.
    private func sweep(_ shell: RemoteShell) async throws {
        for other in try await shell.all() where node.isOurs(shell: other) && other.uppercased() != shell.id {
            try? await shell.delete(other)
        }
    }

    private func measure(
        _ shell: RemoteShell, _ connector: HostConnector, _ shells: ReadyShells,
        _ teller: AsyncStream<RoadEvent>.Continuation
    ) async throws {
        let heard = Heard()
        let script = ScriptStream(shell, HostScript.samples)
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                try await script.run { line in
                    guard let event = heard.take(line) else { return }
                    if case .opened = event {
                        self.executor.connected(shells)
                        self.work.start { await shells.fill() }
                    }
                    teller.yield(event)
                }
            }
            group.addTask {
                try await self.gpus(connector) { line in
                    if let event = heard.take(line) { teller.yield(event) }
                }
            }
            group.addTask {
                while true {
                    try await Task.sleep(for: .seconds(60))
                    await shells.fill()
                }
            }
            try await group.next()
        }
    }

    /// In a shell of its own: asking takes long, and samples must not wait.
    private func gpus(_ connector: HostConnector, _ onLine: @escaping @Sendable (Substring) -> Void) async throws {
        let shell = RemoteShell(connector, id: node.shellID(), makeID: WinRMNode.anyID)
        do {
            try await shell.open()
            try await ScriptStream(shell, HostScript.gpus).run(onLine)
        } catch let error as WinRMError {
            // The samples tell whether the host lives. Without a quota for it the node has no figures of its GPUs.
            try? await shell.close()
            guard error.code != .unreachable else { throw error }
        } catch {
            try? await shell.close()
            throw error
        }
        while true { try await Task.sleep(for: .seconds(3_600)) }
    }
}
