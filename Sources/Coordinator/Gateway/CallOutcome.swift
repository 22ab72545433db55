import GridModel

/// How a call ended, as its caller heard it: for the audit.
package struct CallOutcome: Sendable, Hashable {
    /// `OK`, or the canonical code: `PERMISSION_DENIED`.
    package let code: String
    /// The refusal's stable reason; empty when there is none.
    package let reason: String

    package static let ok = CallOutcome(code: "OK", reason: "")

    var isOK: Bool { code == Self.ok.code }

    /// Somebody wanted what it may not have.
    var isDenial: Bool {
        code == "PERMISSION_DENIED" || code == "UNAUTHENTICATED" || code == "RESOURCE_EXHAUSTED"
    }
}

extension OperationError {
    /// The canonical code, as the audit writes it.
    var auditCode: String {
        switch self {
        case .refused(let refusal): refusal.code.rawValue
        case .unauthenticated: "UNAUTHENTICATED"
        case .deadlineExceeded: "DEADLINE_EXCEEDED"
        case .failed: "INTERNAL"
        }
    }
}
