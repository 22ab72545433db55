import Coordinator
import GRPCCore
import GridIdentity
import Testing

struct PermissionTests {
    private static func descriptor(_ method: String) -> MethodDescriptor {
        let slash = method.lastIndex(of: "/")!
        return MethodDescriptor(
            fullyQualifiedService: String(method[..<slash]), method: String(method[method.index(after: slash)...]))
    }

    static let served = (ServedServices.mutual + ServedServices.edge).flatMap {
        DescriptorCatalog.embedded.methods[$0] ?? []
    }

    @Test func `every method of every served service declares its permission`() {
        #expect(Self.served.count >= 30)
        for service in ServedServices.mutual + ServedServices.edge {
            #expect(DescriptorCatalog.embedded.methods[service]?.isEmpty == false, "\(service)")
        }
        for method in Self.served {
            #expect(MethodPermissions.permission(of: Self.descriptor(method)) != nil, "\(method)")
        }
    }

    @Test func `a method without a declared permission does not exist`() {
        let unknown = MethodDescriptor(fullyQualifiedService: "noizylab.grid.Tasks", method: "Teleport")
        for role in PeerRole.allCases {
            let caller = Caller.peer(PeerIdentity(cluster: "C", role: role, name: "n")!)
            #expect { try PermissionInterceptor.check(unknown, caller) } throws: {
                ($0 as? RPCError)?.code == .unimplemented
            }
        }
    }

    /// Who may call what, written out again by hand.
    static let open = ["noizylab.grid.Enrolment/Join", "grpc.health.v1.Health/Check"]
    static let everyRole = [
        "noizylab.grid.NoizyGridRPC/HealthCheck", "noizylab.grid.NoizyGridRPC/HealthCheckStreaming",
        "grpc.health.v1.Health/Watch", "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    ]
    static let viewing = [
        "noizylab.grid.NoizyGridRPC/RequestAgentDecision", "noizylab.grid.NoizyGridRPC/GetNetworkInventory",
        "noizylab.grid.Tasks/Watch", "noizylab.grid.Tasks/Get", "noizylab.grid.Tasks/List",
        "noizylab.grid.Admin/Status", "noizylab.grid.Admin/ListNodes", "noizylab.grid.Admin/Events",
    ]
    static let submitting = [
        "noizylab.grid.NoizyGridRPC/ExecuteTask", "noizylab.grid.NoizyGridRPC/ExecuteTaskStreaming",
        "noizylab.grid.NoizyGridRPC/ExecuteRemoteCommand", "noizylab.grid.NoizyGridRPC/SyncAgentState",
        "noizylab.grid.Tasks/Submit", "noizylab.grid.Tasks/RunTasks", "noizylab.grid.Tasks/Cancel",
        "noizylab.grid.Tasks/Retry",
    ]

    private static func isAllowed(_ method: String, _ role: PeerRole?) -> Bool {
        if open.contains(method) { return true }
        guard let role else { return false }
        if everyRole.contains(method) { return true }
        switch role {
        case .operator: return method != "noizylab.grid.AgentLink/Connect"
        case .submitter: return viewing.contains(method) || submitting.contains(method)
        case .viewer: return viewing.contains(method)
        case .agent:
            return method == "noizylab.grid.AgentLink/Connect" || method == "noizylab.grid.NoizyGridRPC/SyncAgentState"
        case .coordinator: return false
        }
    }

    @Test(arguments: [PeerRole?.none] + PeerRole.allCases.map(Optional.some))
    func `each role reaches what it may and nothing else`(role: PeerRole?) {
        let caller = role.map { Caller.peer(PeerIdentity(cluster: "C", role: $0, name: "n")!) } ?? .stranger
        for method in Self.served {
            var denied: RPCError.Code?
            do { try PermissionInterceptor.check(Self.descriptor(method), caller) } catch { denied = error.code }
            let expected: RPCError.Code? =
                Self.isAllowed(method, role) ? nil : role == nil ? .unauthenticated : .permissionDenied
            #expect(denied == expected, "\(method) as \(caller)")
        }
    }
}
