package import GRPCCore
import GridWire

/// Which permission each served method needs. A method that is not here cannot be reached; a test walks every method of
/// every served service.
package enum MethodPermissions {
    package static func permission(of method: MethodDescriptor) -> Permission? { table[method.fullyQualifiedMethod] }

    private static let table: [String: Permission] = {
        var table: [String: Permission] = [:]
        for (method, permission) in entries { table[method.fullyQualifiedMethod] = permission }
        return table
    }()

    private typealias Legacy = Noizylab_Grid_NoizyGridRPC.Method
    private typealias Tasks = Noizylab_Grid_Tasks.Method
    private typealias Admin = Noizylab_Grid_Admin.Method

    private static let entries: [(MethodDescriptor, Permission)] = [
        (Legacy.ExecuteTask.descriptor, .runTasks),
        (Legacy.ExecuteTaskStreaming.descriptor, .runTasks),
        (Legacy.HealthCheck.descriptor, .checkHealth),
        (Legacy.HealthCheckStreaming.descriptor, .checkHealth),
        (Legacy.RequestAgentDecision.descriptor, .viewGrid),
        (Legacy.SyncAgentState.descriptor, .shareState),
        (Legacy.ExecuteRemoteCommand.descriptor, .runTasks),
        (Legacy.GetNetworkInventory.descriptor, .viewGrid),
        (Legacy.RegisterNode.descriptor, .registerNodes),
        (Legacy.DeregisterNode.descriptor, .registerNodes),
        (Tasks.Submit.descriptor, .runTasks),
        (Tasks.RunTasks.descriptor, .runTasks),
        (Tasks.Watch.descriptor, .viewTasks),
        (Tasks.Get.descriptor, .viewTasks),
        (Tasks.List.descriptor, .viewTasks),
        (Tasks.Cancel.descriptor, .runTasks),
        (Tasks.Retry.descriptor, .runTasks),
        (Admin.Status.descriptor, .viewGrid),
        (Admin.ListNodes.descriptor, .viewGrid),
        (Admin.SetSchedulability.descriptor, .manageNodes),
        (Admin.RemoveNode.descriptor, .manageNodes),
        (Admin.Events.descriptor, .viewGrid),
        (Admin.CreateToken.descriptor, .issueIdentities),
        (Admin.IssueCertificate.descriptor, .issueIdentities),
        (Noizylab_Grid_AgentLink.Method.Connect.descriptor, .linkNode),
        (Noizylab_Grid_Enrolment.Method.Join.descriptor, .enterDoor),
        (Grpc_Health_V1_Health.Method.Check.descriptor, .enterDoor),
        (Grpc_Health_V1_Health.Method.Watch.descriptor, .checkHealth),
        (Grpc_Reflection_V1_ServerReflection.Method.ServerReflectionInfo.descriptor, .checkHealth),
    ]
}
