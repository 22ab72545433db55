import Coordinator
import GRPCCore
import GridIdentity
import GridLogic
import GridModel
import Synchronization
import Testing

struct GatewayTests {
    private static func descriptor(_ method: String) -> MethodDescriptor {
        let slash = method.lastIndex(of: "/")!
        return MethodDescriptor(
            fullyQualifiedService: String(method[..<slash]), method: String(method[method.index(after: slash)...]))
    }

    static let served = (ServedServices.mutual + ServedServices.edge).flatMap {
        DescriptorCatalog.embedded.methods[$0] ?? []
    }

    @Test func `every method of every served service declares its rule`() {
        #expect(Self.served.count >= 30)
        for service in ServedServices.mutual + ServedServices.edge {
            #expect(DescriptorCatalog.embedded.methods[service]?.isEmpty == false, "\(service)")
        }
        for method in Self.served {
            #expect(MethodRules.rule(of: Self.descriptor(method))?.name == method, "\(method)")
        }
    }

    @Test func `a method without a rule does not exist`() {
        let unknown = MethodDescriptor(fullyQualifiedService: "noizylab.grid.Tasks", method: "Teleport")

        #expect(MethodRules.rule(of: unknown) == nil)
    }

    static func credential(_ role: PeerRole, key: UInt8 = 1) -> PeerCredential {
        PeerCredential(
            identity: PeerIdentity(cluster: "C", role: role, name: "n")!, keyHash: Array(repeating: key, count: 32),
            serial: [1], notAfterSeconds: .max)
    }

    private static func evidence(_ role: PeerRole?, authorization: String? = nil) -> Evidence {
        Evidence(certificate: role.map { credential($0) }, authorization: authorization, remote: "ipv4:10.0.0.1:5")
    }

    private static func denial(_ gateway: Gateway, _ method: String, _ evidence: Evidence) -> RPCError.Code? {
        do throws(Denial) {
            let call = try gateway.admit(evidence, MethodRules.rule(of: descriptor(method))!, traceparent: nil)
            gateway.abandon(call)
            return nil
        } catch {
            return error.error.rpcError.code
        }
    }

    @Test func `a revoked certificate proves nothing, and ends what it had open`() throws {
        let gateway = Gateway()
        let rule = try #require(MethodRules.rule(of: Self.descriptor("noizylab.grid.Tasks/Watch")))
        let revoked = try gateway.admit(Self.evidence(.operator), rule, traceparent: nil)
        let other = try gateway.admit(
            Evidence(certificate: Self.credential(.viewer, key: 2), authorization: nil, remote: "ipv4:10.0.0.2:5"),
            rule, traceparent: nil)

        let key = Self.credential(.operator).keyHash
        gateway.revoked.revoke(keyHash: key)
        let ended = gateway.openCalls.end(because: "revoked") { caller in
            if case .certificate(let credential) = caller.proof { credential.keyHash == key } else { false }
        }

        #expect(ended == 1)
        #expect(revoked.endReason?.rpcError.code == .unauthenticated)
        #expect(other.endReason == nil)
        #expect(Self.denial(gateway, "noizylab.grid.Admin/Status", Self.evidence(.operator)) == .unauthenticated)
        #expect(gateway.openCalls.count == 2)
        gateway.abandon(revoked)
        gateway.abandon(other)
        #expect(gateway.openCalls.count == 0)
    }

    @Test func `an API key reaches what its scopes name and nothing else`() {
        let grant = APIKeyGrant(
            id: "k1", name: "ci", scope: KeyScope(role: .submitter, permissions: [.viewTasks]),
            expiresAt: Timestamp(microseconds: .max), now: MonotonicTime(nanoseconds: 0))
        let gateway = Gateway { $0 == "Bearer right" ? grant : nil }

        let right = Self.evidence(nil, authorization: "Bearer right")
        #expect(Self.denial(gateway, "noizylab.grid.Tasks/Get", right) == nil)
        #expect(Self.denial(gateway, "noizylab.grid.Tasks/Submit", right) == .permissionDenied)
        let wrong = Self.evidence(nil, authorization: "Bearer wrong")
        #expect(Self.denial(gateway, "noizylab.grid.Tasks/Get", wrong) == .unauthenticated)
    }

    @Test func `a caller's trace goes on, and one without gets its own`() throws {
        let gateway = Gateway()
        let rule = try #require(MethodRules.rule(of: Self.descriptor("noizylab.grid.Tasks/Get")))
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

        #expect(try gateway.admit(Self.evidence(.viewer), rule, traceparent: header).trace.description == header)
        let made = try (0..<200).map { _ in
            try gateway.admit(Self.evidence(.viewer), rule, traceparent: "00-zz").trace
        }
        #expect(Set(made.map(\.traceID)).count == 200)
        for trace in made { #expect(TraceContext(traceparent: trace.description) == trace) }
    }

    @Test func `a key that dies while its call is let in opens nothing, and leaves nothing open`() {
        let grant = APIKeyGrant(
            id: "k1", name: "ci", scope: KeyScope(role: .submitter), expiresAt: Timestamp(microseconds: .max),
            now: MonotonicTime(nanoseconds: 0))
        let looks = Mutex(0)
        let gateway = Gateway { _ in
            looks.withLock {
                $0 += 1
                return $0 == 1 ? grant : nil
            }
        }

        let evidence = Self.evidence(nil, authorization: "Bearer dying")
        #expect(Self.denial(gateway, "noizylab.grid.Tasks/Get", evidence) == .unauthenticated)
        #expect(looks.withLock { $0 } == 2)
        #expect(gateway.openCalls.count == 0)
    }

    private static func enter(_ gateway: Gateway, from host: String) -> Call? {
        let rule = MethodRules.rule(of: descriptor("grpc.health.v1.Health/Check"))!
        let evidence = Evidence(certificate: nil, authorization: nil, remote: host)
        return try? gateway.admit(evidence, rule, traceparent: nil)
    }

    @Test func `strangers of one network share what it may`() throws {
        var limits = CallLimits()
        limits.openCalls = 1
        let gateway = Gateway(limits: limits)

        let first = try #require(Self.enter(gateway, from: "ipv6:[2001:db8::1]:5"))
        #expect(Self.enter(gateway, from: "ipv6:[2001:db8::2]:5") == nil)
        let other = try #require(Self.enter(gateway, from: "ipv6:[2001:db8:0:1::1]:5"))
        gateway.abandon(first)
        let second = try #require(Self.enter(gateway, from: "ipv6:[2001:db8::2]:5"))
        for call in [other, second] { gateway.abandon(call) }
    }

    @Test func `beyond the most accounts newcomers share one, and each call ends where it began`() throws {
        var limits = CallLimits()
        limits.openCalls = 2
        let gateway = Gateway(limits: limits)
        func stranger(_ number: Int) -> Call? {
            Self.enter(gateway, from: "ipv4:10.\(number >> 16).\(number >> 8 & 255).\(number & 255):5")
        }
        var calls = try (0..<20_000).map { try #require(stranger($0)) }

        let shared = try (20_000..<20_002).map { try #require(stranger($0)) }
        #expect(stranger(20_002) == nil)
        // Who has an account keeps it.
        calls.append(try #require(stranger(0)))

        for call in calls + shared { gateway.abandon(call) }
        #expect(gateway.openCalls.count == 0)
        let again = try #require(stranger(20_002))
        gateway.abandon(again)
    }

    /// Who may call what, written out again by hand.
    static let open = [
        "noizylab.grid.Enrolment/Join", "noizylab.grid.Admission/JoinConfirmed", "noizylab.grid.Admission/Challenge",
        "noizylab.grid.Admission/Recover", "grpc.health.v1.Health/Check",
    ]
    static let everyRole = [
        "noizylab.grid.NoizyGridRPC/HealthCheck", "noizylab.grid.NoizyGridRPC/HealthCheckStreaming",
        "noizylab.grid.Certificates/Renew", "grpc.health.v1.Health/Watch",
        "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    ]
    static let viewingIdentities = [
        "noizylab.grid.Certificates/ListCertificates", "noizylab.grid.Certificates/ListEnrolments",
    ]
    static let viewing = [
        "noizylab.grid.NoizyGridRPC/RequestAgentDecision", "noizylab.grid.NoizyGridRPC/GetNetworkInventory",
        "noizylab.grid.Tasks/Watch", "noizylab.grid.Tasks/Get", "noizylab.grid.Tasks/List",
        "noizylab.grid.Placement/Why",
        "noizylab.grid.Admin/Status", "noizylab.grid.Admin/ListNodes", "noizylab.grid.Admin/Events",
    ]
    static let submitting = [
        "noizylab.grid.NoizyGridRPC/ExecuteTask", "noizylab.grid.NoizyGridRPC/ExecuteTaskStreaming",
        "noizylab.grid.NoizyGridRPC/ExecuteRemoteCommand", "noizylab.grid.NoizyGridRPC/SyncAgentState",
        "noizylab.grid.Tasks/Submit", "noizylab.grid.Tasks/RunTasks", "noizylab.grid.Tasks/Cancel",
        "noizylab.grid.Tasks/Retry", "noizylab.grid.Placement/Plan",
    ]

    static func isAllowed(_ method: String, _ role: PeerRole?) -> Bool {
        if open.contains(method) { return true }
        guard let role else { return false }
        if everyRole.contains(method) { return true }
        switch role {
        case .operator: return method != "noizylab.grid.AgentLink/Connect"
        case .submitter: return viewing.contains(method) || submitting.contains(method)
        case .viewer: return viewing.contains(method) || viewingIdentities.contains(method)
        case .agent:
            return method == "noizylab.grid.AgentLink/Connect" || method == "noizylab.grid.NoizyGridRPC/SyncAgentState"
        case .coordinator: return false
        }
    }

    @Test(arguments: [PeerRole?.none] + PeerRole.allCases.map(Optional.some))
    func `each role reaches what it may and nothing else`(role: PeerRole?) {
        let gateway = Gateway()
        for method in Self.served {
            let expected: RPCError.Code? =
                Self.isAllowed(method, role) ? nil : role == nil ? .unauthenticated : .permissionDenied
            let denied = Self.denial(gateway, method, Self.evidence(role))
            #expect(denied == expected, "\(method) as \(role?.rawValue ?? "stranger")")
        }
    }
}
