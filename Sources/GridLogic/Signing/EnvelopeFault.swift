import GridModel

/// Why a node does not start a task: a stable name for programs, and a sentence for people.
package struct EnvelopeFault: Error, Sendable, Hashable {
    /// The names of `docs/signing.md`.
    package enum Reason: String, Sendable, Hashable, CaseIterable {
        case notSigned = "NOT_SIGNED"
        case badEnvelope = "BAD_ENVELOPE"
        case unknownSigner = "UNKNOWN_SIGNER"
        case badSignature = "BAD_SIGNATURE"
        case wrongAudience = "WRONG_AUDIENCE"
        case notYetValid = "NOT_YET_VALID"
        case expired = "ENVELOPE_EXPIRED"
        case livesTooLong = "LIVES_TOO_LONG"
        case taskChanged = "TASK_CHANGED"
        case replayed = "REPLAYED"
        case outOfOrder = "OUT_OF_ORDER"
        case memoryFull = "TOO_MANY_ENVELOPES"
        /// What cannot be remembered could be used again.
        case notRemembered = "NOT_REMEMBERED"
    }

    package let reason: Reason
    package let message: String

    package init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }

    /// As it stands in an attempt's error.
    package var text: String { "\(reason.rawValue): \(message)" }

    /// Whether an attempt was refused for what its task is, and not for what the node can no longer do.
    static func isOfTask(_ outcome: AttemptOutcome) -> Bool {
        guard outcome.end == .refused, let end = outcome.error.firstIndex(of: ":") else { return false }
        switch Reason(rawValue: String(outcome.error[..<end])) {
        case nil, .memoryFull, .notRemembered: return false
        default: return true
        }
    }
}
