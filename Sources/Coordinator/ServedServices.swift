import GRPCCore
import GridWire

/// What each listener serves, in one place: the servers, reflection and the permissions' test all read it.
package enum ServedServices {
    package static let mutual: [String] = [
        Noizylab_Grid_NoizyGridRPC.descriptor, Noizylab_Grid_Tasks.descriptor, Noizylab_Grid_Admin.descriptor,
        Noizylab_Grid_AgentLink.descriptor, Grpc_Health_V1_Health.descriptor,
        Grpc_Reflection_V1_ServerReflection.descriptor,
    ].map(\.fullyQualifiedService)

    package static let edge: [String] = [
        Noizylab_Grid_Enrolment.descriptor, Grpc_Health_V1_Health.descriptor,
    ].map(\.fullyQualifiedService)

    static func mutual(_ operations: GridOperations) -> [any RegistrableRPCService] {
        [
            NoizyGridService(operations: operations), TasksService(operations: operations),
            AdminService(operations: operations), AgentLinkService(operations: operations),
            HealthService(operations: operations, services: Set(mutual)), ReflectionService(services: mutual),
        ]
    }

    static func edge(_ operations: GridOperations) -> [any RegistrableRPCService] {
        [EnrolmentService(operations: operations), HealthService(operations: operations, services: Set(edge))]
    }
}
