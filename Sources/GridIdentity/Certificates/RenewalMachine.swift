#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// When a node asks for another certificate, and by which door.
///
/// Good until two thirds of its life are over, or another authority signs: then it renews, over a connection that the
/// certificate still opens. Ended, or refused by the coordinator again and again: then it recovers, by its key, on the
/// edge. Each failure makes the next pause longer, up to a minute; so does a change of the authority for a moment, so that
/// not all nodes come at once.
package struct RenewalMachine: Sendable {
    /// What the node is to do now.
    package enum Action: Sendable, Hashable {
        case none, renew, recover
    }

    private var facts: CertificateFacts
    private var isSignedByCurrent: Bool
    private var refusals = 0
    private var failures = 0
    private var notBefore = Date.distantPast

    package init(_ facts: CertificateFacts, isSignedByCurrent: Bool) {
        self.facts = facts
        self.isSignedByCurrent = isSignedByCurrent
    }

    package func action(at now: Date) -> Action {
        if now < notBefore { return .none }
        if now >= facts.notAfter || refusals >= Self.refusalsForRecovery { return .recover }
        return !isSignedByCurrent || facts.needsRenewal(at: now) ? .renew : .none
    }

    /// There is another certificate.
    package mutating func renewed(_ facts: CertificateFacts) {
        self = RenewalMachine(facts, isSignedByCurrent: true)
    }

    /// `jitter`: 0 to 1, drawn by the caller; so below.
    package mutating func failed(at now: Date, jitter: Double) {
        failures += 1
        refusals = 0
        notBefore = now.addingTimeInterval(min(60, 0.5 * Double(1 << min(failures, 7))) * (0.5 + jitter / 2))
    }

    package mutating func authorityChanged(isSignedByCurrent: Bool, at now: Date, jitter: Double) {
        let isNews = self.isSignedByCurrent && !isSignedByCurrent
        self.isSignedByCurrent = isSignedByCurrent
        if isNews { notBefore = max(notBefore, now.addingTimeInterval(Self.spreadSeconds * jitter)) }
    }

    /// The coordinator was there, and did not want what it was shown.
    package mutating func refused() { refusals += 1 }

    /// What was shown was wanted.
    package mutating func welcomed() { refusals = 0 }

    private static let refusalsForRecovery = 3
    private static let spreadSeconds = 2.0
}

extension CertificateFacts {
    /// Two thirds of its life.
    package var renewalDue: Date { notAfter.addingTimeInterval(-notAfter.timeIntervalSince(notBefore) / 3) }
}
