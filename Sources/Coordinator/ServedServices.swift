import GRPCCore
import GridTransport
import GridWire

/// What each listener serves, in one place: the servers, reflection and the permissions' test all read it.
package enum ServedServices {
    package static let mutual: [String] = [
        Noizylab_Grid_NoizyGridRPC.descriptor, Noizylab_Grid_Tasks.descriptor, Noizylab_Grid_Placement.descriptor,
        Noizylab_Grid_Admin.descriptor, Noizylab_Grid_Healing.descriptor, Noizylab_Grid_Audit.descriptor,
        Noizylab_Grid_Keys.descriptor, Noizylab_Grid_Certificates.descriptor, Noizylab_Grid_AgentLink.descriptor,
        Grpc_Health_V1_Health.descriptor, Grpc_Reflection_V1_ServerReflection.descriptor,
    ].map(\.fullyQualifiedService)

    /// For machines that join or come back, and for holders of API keys. What no key may do is here too, so that it is
    /// denied by name and not missing; links alone are not.
    package static let edge: [String] = [
        Noizylab_Grid_Enrolment.descriptor, Noizylab_Grid_Admission.descriptor, Noizylab_Grid_NoizyGridRPC.descriptor,
        Noizylab_Grid_Tasks.descriptor, Noizylab_Grid_Placement.descriptor, Noizylab_Grid_Admin.descriptor,
        Noizylab_Grid_Healing.descriptor, Noizylab_Grid_Keys.descriptor, Grpc_Health_V1_Health.descriptor,
        Grpc_Reflection_V1_ServerReflection.descriptor,
    ].map(\.fullyQualifiedService)

    static func mutual(_ operations: GridOperations) -> RPCRouter<GridServerTransport> {
        let grid = NoizyGridService(operations: operations)
        let tasks = TasksService(operations: operations)
        return router(
            operations.gateway,
            [
                grid, tasks, PlacementService(operations: operations),
                AdminService(operations: operations), HealingService(operations: operations),
                AuditService(operations: operations),
                KeysService(operations: operations), CertificatesService(operations: operations),
                AgentLinkService(operations: operations),
                HealthService(operations: operations, services: Set(mutual)), ReflectionService(services: mutual),
            ]
        ) {
            $0.registerExecuteTask(of: grid)
            $0.registerList(of: tasks)
        }
    }

    static func edge(_ operations: GridOperations) -> RPCRouter<GridServerTransport> {
        let tasks = TasksService(operations: operations)
        return router(
            operations.gateway,
            [
                EnrolmentService(operations: operations), AdmissionService(operations: operations),
                NoizyGridService(operations: operations), tasks,
                PlacementService(operations: operations), AdminService(operations: operations),
                HealingService(operations: operations),
                KeysService(operations: operations),
                HealthService(operations: operations, services: Set(edge)), ReflectionService(services: edge),
            ]
        ) { $0.registerList(of: tasks) }
    }

    /// Every method behind the gateway.
    private static func router(
        _ gateway: Gateway, _ services: [any RegistrableRPCService],
        _ register: (inout RPCRouter<GridServerTransport>) -> Void
    ) -> RPCRouter<GridServerTransport> {
        var router = RPCRouter<GridServerTransport>()
        for service in services { service.registerMethods(with: &router) }
        register(&router)
        router.registerInterceptors(pipeline: [.apply(GatewayInterceptor(gateway), to: .all)])
        return router
    }
}
