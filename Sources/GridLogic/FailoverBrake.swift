package import GridModel

/// Stops new failovers while the coordinator itself may be the one that is cut off, and slows the loss of a grid that
/// goes piece by piece.
///
/// `released → engaged` when a node is about to be given up while two nodes or more, and half of those that were there
/// or more, cannot be heard. In a grid of six or more, those that were given up lately count as unheard too, so that
/// nodes which fall one after the other are noticed as well. `engaged → released` when enough are heard again, or after
/// the bound, when the silence is believed. One silent node alone never engages it, so a grid of one or two nodes fails
/// over as any other; when two of two are silent there is nothing to fail over to, and nothing is lost by waiting.
package struct FailoverBrake: Sendable {
    package enum Phase: Hashable, Sendable {
        case released
        case engaged(until: MonotonicTime)
    }

    package private(set) var phase = Phase.released
    /// Nodes heard, and nodes that are missing but not yet given up.
    package var heard = 0
    package var unheard = 0
    /// When nodes were given up lately, the oldest first.
    private var losses: [MonotonicTime] = []
    private let windowMilliseconds: Int64

    package init(windowMilliseconds: Int64) { self.windowMilliseconds = max(0, windowMilliseconds) }

    package var isEngaged: Bool { phase != .released }

    /// Nodes given up within the window.
    package var recentLosses: Int { losses.count }

    private var isSuspicious: Bool {
        if unheard >= 2, unheard >= heard { return true }
        let missing = unheard + losses.count
        return heard + missing >= 6 && losses.count > 0 && missing >= heard
    }

    /// A node's time is up: whether it may be given up. Engages when not.
    package mutating func mayGiveUp(at now: MonotonicTime, pauseMilliseconds: Int64) -> Bool {
        switch phase {
        case .engaged: return false
        case .released:
            forget(at: now)
            guard isSuspicious else { return true }
            phase = .engaged(until: now.advanced(byMilliseconds: pauseMilliseconds))
            return false
        }
    }

    package mutating func gaveUp(at now: MonotonicTime) { losses.append(now) }

    /// One that was given up is heard again.
    package mutating func cameBack() { if !losses.isEmpty { losses.removeFirst() } }

    /// Why it let go.
    package enum Release: Sendable { case heardAgain, boundPassed }

    /// Looks again after nodes were heard or time has passed; not nil when it lets go.
    package mutating func review(at now: MonotonicTime) -> Release? {
        guard case .engaged(let until) = phase else { return nil }
        forget(at: now)
        if !isSuspicious {
            phase = .released
            return .heardAgain
        }
        guard until <= now else { return nil }
        phase = .released
        losses.removeAll()
        return .boundPassed
    }

    private mutating func forget(at now: MonotonicTime) {
        losses.removeAll { $0.advanced(byMilliseconds: windowMilliseconds) <= now }
    }
}
