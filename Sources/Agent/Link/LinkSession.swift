import Executors
import GRPCCore
import GridModel
import GridWire
import Logging

/// One connection to the coordinator, from the hello to its end.
struct LinkSession: Sendable {
    static let protocolNumber: UInt32 = 1

    let settings: AgentSettings
    let core: AgentCore
    let heartbeat: HeartbeatThread?
    let instance: UInt64
    let inventory: NodeInventory
    /// Called with whom to believe.
    let onTrust: @Sendable (Noizylab_Grid_TrustBundle) async -> Void
    let pulse: PulseWords?
    let looking: BlockingWork
    let logger: Logger
    /// Called when the coordinator has welcomed us.
    let onWelcome: @Sendable () -> Void

    func run(_ client: GRPCClient<some ClientTransport>) async throws {
        let (refs, bell) = core.beginSession()
        defer { core.endSession() }
        var options = CallOptions.defaults
        options.waitForReady = false
        try await Noizylab_Grid_AgentLink.Client(wrapping: client).connect(options: options) { writer in
            try await writer.write(hello(refs))
            try await write(writer, bell)
        } onResponse: { response in
            for try await message in response.messages { await take(message) }
        }
    }

    private func hello(_ refs: [AttemptRef]) -> Noizylab_Grid_FromAgent {
        var message = Noizylab_Grid_FromAgent()
        message.hello.inventory = Noizylab_Grid_NodeInventory(inventory)
        message.hello.inventory.custom = settings.resources
        message.hello.inventory.requiresSignatures = settings.requiresSignatures
        message.hello.labels = settings.labels
        message.hello.role = settings.role
        message.hello.link = settings.link.rawValue
        message.hello.instance = instance
        message.hello.attempts = refs.map { Noizylab_Grid_AttemptRef($0) }
        message.hello.protocol = Self.protocolNumber
        message.hello.sleptMs = core.takeSleep()
        if let pulse {
            message.hello.pulsePort = UInt32(pulse.port)
            message.hello.pulseQuestion = .init(pulse.question)
            message.hello.pulseAnswer = .init(pulse.answer)
        }
        return message
    }

    /// Whenever the last message is on its way, everything there is to say goes into the next.
    private func write(_ writer: RPCWriter<Noizylab_Grid_FromAgent>, _ bell: AsyncStream<Void>) async throws {
        var rings = bell.makeAsyncIterator()
        while !Task.isCancelled {
            let outgoing = core.takeOutgoing()
            if outgoing.isEmpty {
                guard await rings.next() != nil else { return }
            } else {
                try await writer.write(Noizylab_Grid_FromAgent(outgoing))
            }
        }
    }

    private func take(_ message: Noizylab_Grid_ToAgent) async {
        core.heard(heartbeat: message.heartbeatNumber)
        if message.probe > 0 { core.asked(probe: message.probe) }
        if message.hasWelcome { welcomed(message.welcome) }
        if message.hasTrust { await onTrust(message.trust) }
        for order in message.reach.prefix(4) { look(order) }
        if !message.outputAcks.isEmpty { core.acknowledged(offsets(message.outputAcks)) }
        if !message.orders.isEmpty { await core.obey(message.orders.compactMap(order)) }
    }

    /// Looks for a node that the coordinator does not hear, beside the link.
    private func look(_ order: Noizylab_Grid_ReachOrder) {
        guard let port = UInt16(exactly: order.port), (1...64).contains(order.question.count) else { return }
        let words = PulseWords(port: port, question: [UInt8](order.question), answer: [UInt8](order.answer))
        let (address, node) = (order.address, order.node)
        looking.run { [core] in
            if PulseCheck.reaches(address, words) { core.reached(node) }
        }
    }

    private func welcomed(_ welcome: Noizylab_Grid_AgentWelcome) {
        heartbeat?.setInterval(milliseconds: Int64(welcome.heartbeatMs))
        core.welcomed(resume: Dictionary(offsets(welcome.resume), uniquingKeysWith: max))
        onWelcome()
    }

    private func offsets(_ acks: [Noizylab_Grid_OutputAck]) -> [(ref: AttemptRef, offset: Int64)] {
        acks.compactMap { ack in (try? ack.ref()).map { (ref: $0, offset: ack.offset) } }
    }

    /// An order that makes no sense cannot be obeyed; the coordinator's own time-outs deal with what it was about.
    private func order(_ order: Noizylab_Grid_AgentOrder) -> Order? {
        do {
            return try order.model()
        } catch {
            logger.warning(
                "An order was not understood",
                metadata: ["task": "\(order.task)", "epoch": "\(order.epoch)", "error": "\(error)"])
            return nil
        }
    }
}

extension Noizylab_Grid_FromAgent {
    fileprivate init(_ outgoing: AgentCore.Outgoing) {
        self.init()
        if let heartbeat = outgoing.heartbeat {
            heartbeatNumber = heartbeat.number
            self.heartbeat = Noizylab_Grid_NodeSample(heartbeat.sample)
        }
        probeAnswer = outgoing.probeAnswer
        reached = outgoing.reached
        roads = outgoing.roads.map { Noizylab_Grid_NodeRoad($0) }
        output = outgoing.tidings.output.map { ref, chunks in
            var output = Noizylab_Grid_AttemptOutput()
            output.task = ref.task.number
            output.epoch = ref.epoch
            output.chunks = chunks.map { Noizylab_Grid_OutputChunk($0) }
            return output
        }
        reports = outgoing.tidings.reports.map { Noizylab_Grid_AttemptReport($0) }
    }
}
