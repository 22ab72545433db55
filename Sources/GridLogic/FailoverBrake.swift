import GridModel

/// Stops new failovers while the coordinator itself may be the one that is cut off.
///
/// `released → engaged` when a node is about to be given up while two nodes or more, and half of those that were there
/// or more, cannot be heard. `engaged → released` when enough are heard again, or after the bound, when the silence is
/// believed. One silent node alone never engages it, so a grid of one or two nodes fails over as any other; when two of
/// two are silent there is nothing to fail over to, and nothing is lost by waiting.
struct FailoverBrake: Sendable {
    enum Phase: Hashable, Sendable {
        case released
        case engaged(until: MonotonicTime)
    }

    private(set) var phase = Phase.released
    /// Nodes heard, and nodes that are missing but not yet given up.
    var heard = 0
    var unheard = 0

    var isEngaged: Bool { phase != .released }

    private var isSuspicious: Bool { unheard >= 2 && unheard >= heard }

    /// A node's time is up: whether it may be given up. Engages when not.
    mutating func mayGiveUp(at now: MonotonicTime, pauseMilliseconds: Int64) -> Bool {
        switch phase {
        case .engaged: return false
        case .released:
            guard isSuspicious else { return true }
            phase = .engaged(until: now.advanced(byMilliseconds: pauseMilliseconds))
            return false
        }
    }

    enum Release: Sendable { case heardAgain, boundPassed }

    /// Looks again after nodes were heard or time has passed; not nil when it lets go.
    mutating func review(at now: MonotonicTime) -> Release? {
        guard case .engaged(let until) = phase else { return nil }
        if !isSuspicious {
            phase = .released
            return .heardAgain
        }
        guard until <= now else { return nil }
        phase = .released
        return .boundPassed
    }
}
