/// What kind of thing a call does to the grid: the rate limits and the audit distinguish no finer.
package enum CallClass: String, CaseIterable, Sendable, Hashable {
    /// Looks, and is answered at once.
    case read
    /// Changes the grid or what runs on it: audited one by one, and answered when the audit is on disk.
    case change
    /// Brings tasks; may wait for their end.
    case submit
    /// Stays open and listens.
    case stream
    /// An agent's link: stays open, and carries a node.
    case link
    /// Comes in without a certificate.
    case enrol

    /// Whether a call of this class can stay open for long, so that a revocation must end it.
    package var staysOpen: Bool {
        switch self {
        case .submit, .stream, .link: true
        case .read, .change, .enrol: false
        }
    }
}
