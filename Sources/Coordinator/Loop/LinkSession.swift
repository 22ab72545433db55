package import GridIdentity
package import GridLogic
package import GridModel
import Synchronization

/// What a link's writer is to send.
package enum LinkItem: Sendable {
    case welcome(resume: [(AttemptRef, Int64)])
    case order(Order)
    case outputAck(AttemptRef, Int64)
    case heartbeat(UInt64)
    /// Whom to believe.
    case trust(TrustSet)
    /// To be answered by a word.
    case probe(UInt64)
    case reach(NodeName, Pulse)
}

/// Where another node can ask an agent whether it lives, and the words for it.
package struct Pulse: Sendable, Hashable {
    package var address: String
    package var port: UInt32
    package var question: [UInt8]
    package var answer: [UInt8]
}

/// One connection of one node: where orders for it wait until the link's writer takes them, all at once.
package final class LinkSession: Sendable {
    private struct State {
        var endReason: String?
        /// Of attempts whose task wants another limit than the coordinator's default.
        var outputLimits: [AttemptRef: Int64] = [:]
        var peakMegabits = 0.0
        var pulse: Pulse?
        var jitter = Jitter()
    }

    package let id: SessionID
    package let node: NodeName
    /// Large enough for every attempt a node can run; a link that cannot keep up is cut and dials in again.
    package let outbox = Outbox<LinkItem>(capacity: 200_000)
    private let state = Mutex(State())

    init(id: SessionID, node: NodeName) {
        self.id = id
        self.node = node
    }

    /// Why the coordinator ended it; nil while it has not.
    var endReason: String? { state.withLock { $0.endReason } }

    func end(_ reason: String) {
        state.withLock { if $0.endReason == nil { $0.endReason = reason } }
        outbox.finish()
    }

    func noteLimits(in items: [LinkItem]) {
        for case .order(.start(let start)) in items where start.spec.outputLimitBytes > 0 {
            state.withLock { $0.outputLimits[start.ref] = start.spec.outputLimitBytes }
        }
    }

    func outputLimit(_ ref: AttemptRef) -> Int64? { state.withLock { $0.outputLimits[ref] } }

    func forgetLimit(_ ref: AttemptRef) {
        state.withLock { state in
            if !state.outputLimits.isEmpty { state.outputLimits[ref] = nil }
        }
    }

    /// Nil when nobody can ask its agent.
    var pulse: Pulse? { state.withLock { $0.pulse } }

    func note(pulse: Pulse) { state.withLock { $0.pulse = pulse } }

    func note(roundTrip microseconds: Int64) { state.withLock { $0.jitter.note(microseconds) } }

    /// How much its round trip varies.
    var jitterMicroseconds: Double { state.withLock { $0.jitter.microseconds } }

    /// The highest measured so far.
    func note(bandwidth megabits: Double) { state.withLock { $0.peakMegabits = megabits } }

    var peakMegabits: Double { state.withLock { $0.peakMegabits } }
}
