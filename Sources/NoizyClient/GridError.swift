package import GRPCCore
import GRPCProtobuf
package import GridIdentity

/// Why the grid did not do what was asked, or could not be asked.
public struct GridError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The request is wrong in itself; `violations` says where.
        case invalidArgument
        case notFound
        case alreadyExists
        /// Not now: the state of the thing asked for does not allow it.
        case failedPrecondition
        case denied
        /// The grid is full, or asks to go slower.
        case exhausted
        /// Nobody answers at the endpoint, or no longer.
        case unavailable
        case timedOut
        /// The peer does not know the method: another version.
        case unimplemented
        /// The certificates of one side do not satisfy the other.
        case untrusted
        case cancelled
        case failed
    }

    public struct Violation: Sendable, Hashable {
        public let field: String
        public let description: String
    }

    public let code: Code
    public let message: String
    /// Stable and upper case, for programs: `UNKNOWN_NODE`. Empty when the grid gave none.
    public let reason: String
    public let violations: [Violation]
    /// When asking again may help.
    public let retryAfter: Duration?

    package init(
        _ code: Code, _ message: String, reason: String = "", violations: [Violation] = [], retryAfter: Duration? = nil
    ) {
        self.code = code
        self.message = message
        self.reason = reason
        self.violations = violations
        self.retryAfter = retryAfter
    }

    public var description: String { message }

    /// Asking again, of a coordinator that came back, may well succeed.
    package var isPassing: Bool { code == .unavailable }
}

extension GridError {
    /// The one place where statuses become errors. `refusal`: why a certificate was not accepted, when one was not.
    package init(_ error: RPCError, refusal: IdentityError? = nil, endpoint: GridEndpoint) {
        if let refusal, error.code == .unavailable || error.code == .unknown || error.code == .internalError {
            self.init(.untrusted, refusal.message)
            return
        }
        if error.code == .unavailable, error.isRefusalOfCertificate {
            self.init(
                .untrusted,
                "\(endpoint) does not accept this certificate: it was revoked, it has ended, or its authority was replaced",
                reason: "CERTIFICATE_REFUSED")
            return
        }
        let details = (try? error.unpackGoogleRPCStatus())?.details ?? []
        let info = details.lazy.compactMap(\.errorInfo).first
        let violations = details.lazy.compactMap(\.badRequest).first?.violations ?? []
        var message = error.message
        if error.code == .unavailable, info == nil { message = "nothing answers at \(endpoint)" }
        self.init(
            Code(error.code), message.isEmpty ? "the grid answered \(error.code)" : message,
            reason: info?.reason ?? "",
            violations: violations.map { Violation(field: $0.field, description: $0.violationDescription) },
            retryAfter: details.lazy.compactMap(\.retryInfo).first?.delay)
    }
}

extension RPCError {
    /// TLS says so by an alert, which only the words of the connection's error tell.
    fileprivate var isRefusalOfCertificate: Bool {
        guard let cause else { return false }
        let words = "\(message) \(cause)"
        return words.contains("ALERT_CERTIFICATE") || words.contains("ALERT_UNKNOWN_CA")
    }
}

extension GridError.Code {
    fileprivate init(_ code: RPCError.Code) {
        switch code {
        case .invalidArgument, .outOfRange: self = .invalidArgument
        case .notFound: self = .notFound
        case .alreadyExists: self = .alreadyExists
        case .failedPrecondition, .aborted: self = .failedPrecondition
        case .permissionDenied, .unauthenticated: self = .denied
        case .resourceExhausted: self = .exhausted
        case .unavailable: self = .unavailable
        case .deadlineExceeded: self = .timedOut
        case .unimplemented: self = .unimplemented
        case .cancelled: self = .cancelled
        default: self = .failed
        }
    }
}
