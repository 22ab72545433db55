import GridIdentity
import GridLogic
import GridModel
import GridStore
import GridWire
import Logging
import SwiftProtobuf

/// Takes one agent's messages, in order: heartbeats are answered at once, output is kept and acknowledged, reports go to
/// the loop when the output they follow is safe.
struct LinkReader {
    private let session: LinkSession
    private let operations: GridOperations
    private let peer: String
    private var isGreeted = false
    /// Attempts whose output lies in segments, which are to be finished before their result is believed.
    private var opened: Set<AttemptRef> = []
    private let keeper: OutputKeeper
    private var meter = LinkMeter()
    private var lifeNotedAt: MonotonicTime?

    init(session: LinkSession, operations: GridOperations, peer: String) {
        self.session = session
        self.operations = operations
        self.peer = peer
        keeper = OutputKeeper(session: session, operations: operations)
    }

    mutating func take(_ message: Noizylab_Grid_FromAgent) async throws {
        guard isGreeted else { return try await greet(message) }
        if message.hasHeartbeat { try await heartbeat(message) }
        if message.probeAnswer > 0 {
            try await push(.heard(session.node, session.id, answering: message.probeAnswer))
        } else if !message.hasHeartbeat, message.reports.isEmpty, !message.output.isEmpty {
            try await noteLife()
        }
        for name in message.reached.prefix(16) {
            if let node = NodeName(name) { try await push(.vouched(node, by: session.node)) }
        }
        if !message.roads.isEmpty {
            let roads = message.roads.prefix(NodeLimits.roads).compactMap { try? $0.model() }
            try await push(.roads(session.node, session.id, roads))
        }
        for output in message.output { try await keep(output) }
        if !message.reports.isEmpty { try await report(message.reports) }
    }

    /// Output is a word too, said seldom enough for the loop.
    private mutating func noteLife() async throws {
        let now = SystemClock.monotonic()
        if let last = lifeNotedAt, now.milliseconds(since: last) < Self.lifeMilliseconds { return }
        lifeNotedAt = now
        try await push(.heard(session.node, session.id, answering: nil))
    }

    private mutating func greet(_ message: Noizylab_Grid_FromAgent) async throws {
        guard message.hasHello else {
            throw OperationError.refused(.invalid("hello", "must be the first message of a link"))
        }
        var attempts: [AttemptRef] = []
        for attempt in message.hello.attempts {
            do { attempts.append(try attempt.model()) } catch { throw OperationError(error) }
        }
        isGreeted = true
        var resume: [(AttemptRef, Int64)] = []
        for attempt in attempts {
            do {
                let wanted = try operations.outputs.wantedOffset(attempt)
                if wanted > 0 { opened.insert(attempt) }
                resume.append((attempt, wanted))
            } catch { throw OperationError(error) }
        }
        session.outbox.push(.welcome(resume: resume))
        session.outbox.push(.trust(operations.identities.authority.trust))
        let node = operations.node(session.node, hello: message.hello, peer: peer)
        let hello = message.hello
        if (1...65_535).contains(hello.pulsePort), hello.pulseQuestion.count <= 64, hello.pulseAnswer.count <= 64 {
            session.note(
                pulse: Pulse(
                    address: node.address, port: hello.pulsePort, question: [UInt8](hello.pulseQuestion),
                    answer: [UInt8](hello.pulseAnswer)))
        }
        try await push(
            .nodeConnected(
                node, session.id, attempts: attempts, instance: hello.instance, sleptMilliseconds: hello.sleptMs))
    }

    private mutating func heartbeat(_ message: Noizylab_Grid_FromAgent) async throws {
        session.outbox.push(.heartbeat(message.heartbeatNumber))
        session.note(bandwidth: meter.beat(at: SystemClock.monotonic()))
        session.note(roundTrip: message.heartbeat.roundTripUs)
        if let since = keeper.stalledAt, SystemClock.monotonic().milliseconds(since: since) > Self.stallMilliseconds {
            session.end("output could not be kept; the new link sends it again")
            return
        }
        try await push(.heartbeat(session.node, session.id, message.heartbeat.model()))
    }

    private mutating func keep(_ output: Noizylab_Grid_AttemptOutput) async throws {
        let ref: AttemptRef
        var chunks: [OutputChunk] = []
        chunks.reserveCapacity(output.chunks.count)
        do {
            ref = try output.ref()
            for chunk in output.chunks { chunks.append(try chunk.model()) }
        } catch { throw OperationError(error) }
        for chunk in chunks { meter.add(chunk.bytes.count) }
        if opened.insert(ref).inserted {
            let owner = try await operations.loop.look { $0.task(ref.task)?.spec.submitter }
            operations.outputs.open(
                ref, limitBytes: session.outputLimit(ref) ?? operations.settings.outputLimitBytes, owner: owner ?? "")
        }
        await keeper.keep(ref, chunks)
    }

    private mutating func report(_ messages: [Noizylab_Grid_AttemptReport]) async throws {
        var reports: [AttemptReport] = []
        reports.reserveCapacity(messages.count)
        for message in messages {
            let report: AttemptReport
            do { report = try message.model() } catch { throw OperationError(error) }
            if case .finished(let ref, let outcome) = report {
                if opened.contains(ref) { await keeper.drained() }
                if keeper.isStalled(ref) { continue }
                if opened.remove(ref) != nil {
                    let outputs = operations.outputs
                    do {
                        try await operations.reads.run { () throws(StoreError) in
                            let isDurable = !ref.task.isEphemeral
                            try outputs.finish(ref, inline: outcome.inlineOutput, durable: isDurable)
                        }
                    } catch {
                        keeper.stall(ref, error)
                        continue
                    }
                }
                session.forgetLimit(ref)
            }
            reports.append(report)
        }
        if !reports.isEmpty { try await push(.reports(session.node, session.id, reports), weight: reports.count) }
    }

    /// Waits while the mailbox is full: the agent's stream fills up behind it, and so does the agent.
    private func push(_ input: GridInput, weight: Int = 1) async throws {
        let item = LoopItem.link(input, at: SystemClock.monotonic())
        while true {
            switch operations.loop.push(item, weight: weight) {
            case .taken: return
            case .closed: throw OperationError.refused(.stopping)
            case .full: try await Task.sleep(for: .milliseconds(2))
            }
        }
    }

    private static let lifeMilliseconds: Int64 = 200
    private static let stallMilliseconds: Int64 = 5_000
}

/// The highest rate at which output came over one link, between two heartbeats.
struct LinkMeter: Sendable {
    private var bytes = 0
    private var since: MonotonicTime?
    private(set) var peakMegabits = 0.0

    mutating func add(_ count: Int) { bytes += count }

    mutating func beat(at now: MonotonicTime) -> Double {
        if let since, now > since {
            let seconds = Double(now.nanoseconds - since.nanoseconds) / 1e9
            peakMegabits = max(peakMegabits, Double(bytes) * 8 / 1e6 / seconds)
        }
        bytes = 0
        since = now
        return peakMegabits
    }
}
