import WinRM

/// Shells on one host in which PowerShell has been started and waits for a script, so that an attempt begins at once.
/// Each serves one attempt and is then deleted with all that ran in it. When the host lets no more be open, whoever asks
/// waits.
actor ReadyShells {
    /// A shell with its waiting command.
    struct Lease: Sendable {
        let shell: RemoteShell
        let command: String
        fileprivate let madeAt: ContinuousClock.Instant
    }

    /// The host ends a shell after 15 idle minutes.
    private static let freshFor = Duration.seconds(600)
    private static let spare = 2

    private let node: WinRMNode
    private let connector: HostConnector
    private let work: AsyncWork
    private var limit: Int
    private var ready: [Lease] = []
    private var open = 0
    private var isClosed = false
    private var isFilling = false

    /// - Parameter limit: how many shells may be open here at once.
    init(node: WinRMNode, connector: HostConnector, work: AsyncWork, limit: Int) {
        self.node = node
        self.connector = connector
        self.work = work
        self.limit = limit
    }

    /// Waits while the quota is used up.
    func take() async throws -> Lease {
        while true {
            try Task.checkCancellation()
            guard !isClosed else { throw WinRMError(.unreachable, "the connection to node \(node.name) is down") }
            if let lease = ready.popLast() {
                if lease.madeAt.duration(to: .now) < Self.freshFor {
                    fill()
                    return lease
                }
                await release(lease)
                continue
            }
            guard open < limit else {
                try await Task.sleep(for: .milliseconds(100))
                continue
            }
            open += 1
            do {
                let lease = try await make()
                fill()
                return lease
            } catch let error as WinRMError where [.busy, .shellUsedUp].contains(Fault.meaning(error.fault)) {
                // Others use the same account: their shells count, too.
                open -= 1
                try await Task.sleep(for: .seconds(1))
            } catch {
                open -= 1
                throw error
            }
        }
    }

    /// Deletes the shell, and so ends what still runs in it.
    func release(_ lease: Lease) async {
        try? await lease.shell.close()
        open -= 1
    }

    /// No lease is given any more; the ready ones go.
    func close() async {
        isClosed = true
        let leases = ready
        ready = []
        await withDiscardingTaskGroup { group in
            for lease in leases { group.addTask { await self.release(lease) } }
        }
    }

    /// Makes shells ready ahead of need, and renews those that have waited long.
    func fill() {
        for lease in ready where lease.madeAt.duration(to: .now) >= Self.freshFor {
            work.start { await self.release(lease) }
        }
        ready.removeAll { $0.madeAt.duration(to: .now) >= Self.freshFor }
        guard !isFilling, !isClosed, ready.count < Self.spare, open < limit else { return }
        isFilling = true
        open += 1
        work.start { await self.makeReady() }
    }

    private func makeReady() async {
        defer { isFilling = false }
        do {
            let lease = try await make()
            if isClosed {
                await release(lease)
            } else {
                ready.append(lease)
                isFilling = false
                fill()
            }
        } catch {
            // It will be told to whoever needs one.
            open -= 1
        }
    }

    private func make() async throws -> Lease {
        let shell = RemoteShell(connector, id: node.shellID(), makeID: WinRMNode.anyID)
        let command = WinRMNode.anyID()
        do {
            try await shell.open()
            try await shell.start(PowerShell.waiting, id: command)
        } catch {
            if (error as? WinRMError)?.code != .denied { try? await shell.close() }
            throw error
        }
        return Lease(shell: shell, command: command, madeAt: .now)
    }
}
