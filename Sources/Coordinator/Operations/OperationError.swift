package import GridModel

/// Why an operation did not happen. Every face turns it into its own status in one place.
package enum OperationError: Error, Sendable {
    /// The rules say no, with all their reasons.
    case refused(Refusal)
    /// The caller is nobody the grid knows.
    case unauthenticated(String)
    /// The time the caller gave ran out; the sentence says what goes on.
    case deadlineExceeded(String)
    /// A fault of the coordinator's own.
    case failed(String)
}

extension OperationError {
    /// As a value, for answers that carry refusals beside results.
    package var refusal: Refusal {
        switch self {
        case .refused(let refusal): refusal
        case .unauthenticated(let message): Refusal(.permissionDenied, reason: "NO_CERTIFICATE", message: message)
        case .deadlineExceeded(let message): Refusal(.unavailable, reason: "TIMED_OUT", message: message)
        case .failed(let message): Refusal(.unavailable, reason: "INTERNAL", message: message)
        }
    }
}
