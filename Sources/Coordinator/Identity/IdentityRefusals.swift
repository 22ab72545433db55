import GridIdentity
import GridModel
import GridStore

/// What is said about identities that are not wanted, in one place.
extension CertificateRegister.Objection {
    func refusal(of identity: PeerIdentity) -> Refusal {
        switch self {
        case .revoked(let revocation):
            Refusal(
                .permissionDenied, reason: "REVOKED",
                message: "The key of \(identity.name) was revoked by \(revocation.by)"
                    + (revocation.reason.isEmpty ? "" : " (\(revocation.reason))")
                    + ": make another key, and ask an operator for a new certificate.")
        case .nameTaken:
            Refusal(
                .alreadyExists, reason: "NAME_TAKEN",
                message:
                    "The name \(identity.name) belongs to a node with another key. Choose another name; or, if the "
                    + "machine has lost its key, free the name on the coordinator: noizylab node revoke \(identity.name)"
            )
        }
    }
}

extension EnrolmentTable.Reason {
    func refusal(of name: String) -> Refusal {
        switch self {
        case .nameWaits:
            Refusal(
                .alreadyExists, reason: "NAME_WAITS",
                message: "Another machine waits under the name \(name): choose another, or have that one denied.")
        case .tooMany:
            Refusal(
                .resourceExhausted, reason: "TOO_MANY_WAIT",
                message: "\(EnrolmentTable.capacity) machines wait to be let in: have them decided first.",
                retryAfterMilliseconds: 60_000)
        case .notWaiting:
            Refusal(
                .notFound, reason: "NOT_WAITING",
                message: "No machine waits under the name \(name): `noizylab node pending` shows those that do.")
        case .otherFingerprint(let real):
            Refusal(
                .failedPrecondition, reason: "OTHER_FINGERPRINT",
                message:
                    "The machine that waits here as \(name) has the fingerprint \(real). If its screen shows another, "
                    + "somebody is in between: noizylab node deny \(name)")
        case .decidedAlready(let state):
            Refusal(
                .failedPrecondition, reason: "DECIDED", message: "\(name) is \(state.rawValue) already.")
        }
    }
}

extension OperationError {
    /// What keys, certificates and the store say, in the door's words.
    init(identity error: any Error) {
        switch error {
        case let error as StoreError: self.init(error)
        case let error as IdentityError where error.code == .malformed || error.code == .refused:
            self = .refused(.invalid("signing_request", error.message))
        case let error as IdentityError: self = .failed(error.message)
        default: self = .failed("\(error)")
        }
    }
}
