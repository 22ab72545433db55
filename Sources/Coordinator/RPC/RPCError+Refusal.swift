package import GRPCCore
import GRPCProtobuf
package import GridModel
import GridStore
import GridWire

/// The one place where the grid's refusals become gRPC statuses, with `google.rpc` details.
extension Refusal {
    package static let domain = "noizylab.grid"

    package var rpcError: RPCError {
        var details: [ErrorDetails] = [.errorInfo(reason: reason, domain: Self.domain)]
        if !violations.isEmpty {
            details.append(
                .badRequest(
                    violations: violations.map {
                        ErrorDetails.BadRequest.FieldViolation(field: $0.field, description: $0.description)
                    }))
        }
        if let milliseconds = retryAfterMilliseconds {
            details.append(.retryInfo(delay: .milliseconds(milliseconds)))
        }
        return RPCError(GoogleRPCStatus(code: rpcCode, message: fullMessage, details: details))
    }

    private var rpcCode: RPCError.Code {
        switch code {
        case .invalidArgument: .invalidArgument
        case .notFound: .notFound
        case .alreadyExists: .alreadyExists
        case .failedPrecondition: .failedPrecondition
        case .permissionDenied: .permissionDenied
        case .resourceExhausted: .resourceExhausted
        case .unavailable: .unavailable
        }
    }

    /// Clients that do not read the details still see which fields were wrong.
    private var fullMessage: String {
        guard !violations.isEmpty else { return message }
        let fields = violations.prefix(8).map { "\($0.field): \($0.description)" }.joined(separator: "; ")
        return message.isEmpty ? fields : "\(message) \(fields)"
    }
}

extension OperationError {
    package var rpcError: RPCError {
        switch self {
        case .refused(let refusal): refusal.rpcError
        case .unauthenticated(let message):
            RPCError(
                GoogleRPCStatus(
                    code: .unauthenticated, message: message,
                    details: [.errorInfo(reason: "NO_CERTIFICATE", domain: Refusal.domain)]))
        case .deadlineExceeded(let message):
            RPCError(
                GoogleRPCStatus(
                    code: .deadlineExceeded, message: message,
                    details: [.errorInfo(reason: "TIMED_OUT", domain: Refusal.domain)]))
        case .failed(let message):
            RPCError(
                GoogleRPCStatus(
                    code: .internalError, message: message,
                    details: [.errorInfo(reason: "INTERNAL", domain: Refusal.domain)]))
        }
    }
}

extension OperationError {
    init(_ error: WireError) { self = .refused(.invalid(error.violations)) }

    /// A read that the store could not do; what was asked can be asked again.
    init(_ error: StoreError) { self = .refused(.storeFailing(error.message)) }
}

extension Refusal {
    static func invalid(_ violations: [Refusal.Violation]) -> Refusal {
        Refusal(
            .invalidArgument, reason: "INVALID_FIELDS", message: "The request cannot be granted as it is.",
            violations: violations)
    }

    static func invalid(_ field: String, _ description: String) -> Refusal {
        invalid([Refusal.Violation(field: field, description: description)])
    }
}

/// Thrown out of a handler, it reaches the client as its status.
extension OperationError: RPCErrorConvertible {
    package var rpcErrorCode: RPCError.Code { rpcError.code }
    package var rpcErrorMessage: String { rpcError.message }
    package var rpcErrorMetadata: Metadata { rpcError.metadata }
}
