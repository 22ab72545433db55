/// How a call ended, as its caller heard it: for the audit.
package struct CallOutcome: Sendable, Hashable {
    /// `OK`, or the canonical code: `PERMISSION_DENIED`.
    package let code: String
    /// The refusal's stable reason; empty when there is none.
    package let reason: String

    package static let ok = CallOutcome(code: "OK", reason: "")
}
