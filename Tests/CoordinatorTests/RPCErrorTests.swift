import Coordinator
import GRPCCore
import GRPCProtobuf
import GridModel
import Testing

struct RPCErrorTests {
    @Test func `a refusal carries its reason, its fields and when to come back`() throws {
        let refusal = Refusal(
            .resourceExhausted, reason: "OVERLOADED", message: "Too much.",
            violations: [.init(field: "spec.cpu", description: "is too much")], retryAfterMilliseconds: 1_500)

        let error = refusal.rpcError
        let status = try #require(try error.unpackGoogleRPCStatus())

        #expect(error.code == .resourceExhausted)
        #expect(status.message == "Too much. spec.cpu: is too much")
        #expect(status.details.compactMap(\.errorInfo).map(\.reason) == ["OVERLOADED"])
        #expect(status.details.compactMap(\.errorInfo).map(\.domain) == ["noizylab.grid"])
        #expect(status.details.compactMap(\.badRequest).first?.violations.map(\.field) == ["spec.cpu"])
        #expect(status.details.compactMap(\.retryInfo).first?.delay == .milliseconds(1_500))
    }

    @Test(arguments: [
        (Refusal.Code.invalidArgument, RPCError.Code.invalidArgument), (.notFound, .notFound),
        (.alreadyExists, .alreadyExists), (.failedPrecondition, .failedPrecondition),
        (.permissionDenied, .permissionDenied), (.resourceExhausted, .resourceExhausted),
        (.unavailable, .unavailable),
    ])
    func `every refusal has its canonical code`(code: Refusal.Code, status: RPCError.Code) {
        let error = OperationError.refused(Refusal(code, reason: "X", message: "x"))
        #expect(error.rpcError.code == status)
        #expect(RPCError(error).code == status)
    }
}
