import GRPCCore
import GridIdentity
import GridLogic
import GridModel
import GridStore
import GridWire
import Logging

/// The server's side of every agent's stream: one call, one `LinkSession`.
///
/// Output goes straight to its segments and is acknowledged here; only reports, heartbeats and comings and goings pass
/// through the grid loop.
struct AgentLinkService: Noizylab_Grid_AgentLink.SimpleServiceProtocol {
    let operations: GridOperations

    func connect(
        request: RPCAsyncSequence<Noizylab_Grid_FromAgent, any Error>, response: RPCWriter<Noizylab_Grid_ToAgent>,
        context: ServerContext
    ) async throws {
        let node = try operations.linkedNode(context.caller)
        context.call.note(subject: "node=\(node)")
        let session = operations.loop.links.open(node)
        defer { operations.loop.links.close(session) }
        var reason = "its connection closed"
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await write(session, response) }
                group.addTask {
                    var reader = LinkReader(session: session, operations: operations, peer: context.remotePeer)
                    for try await message in request { try await reader.take(message) }
                }
                defer { group.cancelAll() }
                // Whichever side ends first ends the link.
                try await group.next()
            }
        } catch {
            reason = "its connection broke: \(error)"
            operations.logger.debug("A link broke", metadata: ["node": "\(node)", "error": "\(error)"])
        }
        await operations.linkClosed(session, reason: session.endReason ?? reason)
        if let why = session.endReason {
            throw Refusal(.unavailable, reason: "LINK_ENDED", message: "The coordinator ended this link: \(why).")
                .rpcError
        }
    }

    /// Everything that is pending goes into one message.
    private func write(_ session: LinkSession, _ response: RPCWriter<Noizylab_Grid_ToAgent>) async throws {
        while let items = await session.outbox.take() {
            var message = Noizylab_Grid_ToAgent()
            for item in items {
                switch item {
                case .welcome(let resume): message.welcome = welcome(resume)
                case .order(let order): message.orders.append(Noizylab_Grid_AgentOrder(opened(order)))
                case .outputAck(let ref, let offset):
                    message.outputAcks.append(Noizylab_Grid_OutputAck(ref, offset: offset))
                case .heartbeat(let number): message.heartbeatNumber = number
                case .trust(let set): message.trust = Noizylab_Grid_TrustBundle(set)
                case .probe(let number): message.probe = number
                case .reach(let node, let pulse): message.reach.append(Noizylab_Grid_ReachOrder(node, pulse))
                }
            }
            try await response.write(message)
        }
    }

    /// Secrets are opened only here, on their way to the node. One that cannot be goes as a name without a value, and the
    /// node refuses the attempt.
    private func opened(_ order: Order) -> Order {
        guard case .start(let start) = order, !start.spec.secrets.isEmpty else { return order }
        do {
            let spec = try start.spec.with(secrets: operations.vault.open)
            return .start(AttemptStart(ref: start.ref, spec: spec, gpuIndices: start.gpuIndices))
        } catch {
            operations.logger.error(
                "A task's secrets cannot be opened", metadata: ["task": "\(start.ref.task)", "error": "\(error)"])
            return order
        }
    }

    private func welcome(_ resume: [(AttemptRef, Int64)]) -> Noizylab_Grid_AgentWelcome {
        var welcome = Noizylab_Grid_AgentWelcome()
        welcome.cluster = operations.settings.cluster
        welcome.heartbeatMs = 500
        welcome.coordinatorVersion = operations.settings.version
        welcome.resume = resume.map { Noizylab_Grid_OutputAck($0.0, offset: $0.1) }
        return welcome
    }
}

extension Noizylab_Grid_ReachOrder {
    fileprivate init(_ node: NodeName, _ pulse: Pulse) {
        self.init()
        self.node = node.text
        address = pulse.address
        port = pulse.port
        question = .init(pulse.question)
        answer = .init(pulse.answer)
    }
}
