package import GRPCCore
import GridModel
import GridWire

/// The rule of each served method. A method that is not here cannot be reached; a test walks every method of every
/// served service.
package enum MethodRules {
    package static func rule(of method: MethodDescriptor) -> MethodRule? {
        table[Key(service: method.service.fullyQualifiedService, method: method.method)]
    }

    package static var all: [MethodRule] { table.values.sorted { $0.name < $1.name } }

    /// Without the descriptor's streaming type, which transports leave out.
    private struct Key: Hashable {
        let service: String
        let method: String
    }

    private static let table: [Key: MethodRule] = {
        var table: [Key: MethodRule] = [:]
        for (method, permission, callClass) in entries {
            let key = Key(service: method.service.fullyQualifiedService, method: method.method)
            table[key] = MethodRule(
                method.fullyQualifiedMethod, permission, callClass, isUnary: method.type == .unary)
        }
        return table
    }()

    private typealias Legacy = Noizylab_Grid_NoizyGridRPC.Method
    private typealias Tasks = Noizylab_Grid_Tasks.Method
    private typealias Placement = Noizylab_Grid_Placement.Method
    private typealias Admin = Noizylab_Grid_Admin.Method
    private typealias Healing = Noizylab_Grid_Healing.Method
    private typealias Keys = Noizylab_Grid_Keys.Method
    private typealias Certificates = Noizylab_Grid_Certificates.Method

    private static let entries: [(MethodDescriptor, Permission, CallClass)] = [
        (Legacy.ExecuteTask.descriptor, .runTasks, .submit),
        (Legacy.ExecuteTaskStreaming.descriptor, .runTasks, .submit),
        (Legacy.HealthCheck.descriptor, .checkHealth, .read),
        (Legacy.HealthCheckStreaming.descriptor, .checkHealth, .stream),
        (Legacy.RequestAgentDecision.descriptor, .viewGrid, .read),
        (Legacy.SyncAgentState.descriptor, .shareState, .stream),
        (Legacy.ExecuteRemoteCommand.descriptor, .runTasks, .submit),
        (Legacy.GetNetworkInventory.descriptor, .viewGrid, .read),
        (Legacy.RegisterNode.descriptor, .registerNodes, .change),
        (Legacy.DeregisterNode.descriptor, .registerNodes, .change),
        (Tasks.Submit.descriptor, .runTasks, .submit),
        // Its tasks are counted one by one, as submissions.
        (Tasks.RunTasks.descriptor, .runTasks, .stream),
        (Tasks.Watch.descriptor, .viewTasks, .stream),
        (Tasks.Get.descriptor, .viewTasks, .read),
        (Tasks.List.descriptor, .viewTasks, .read),
        (Tasks.Cancel.descriptor, .runTasks, .change),
        (Tasks.Retry.descriptor, .runTasks, .submit),
        (Placement.Why.descriptor, .viewTasks, .read),
        (Placement.Plan.descriptor, .runTasks, .read),
        (Admin.Status.descriptor, .viewGrid, .read),
        (Admin.ListNodes.descriptor, .viewGrid, .read),
        (Admin.SetSchedulability.descriptor, .manageNodes, .change),
        (Admin.RemoveNode.descriptor, .manageNodes, .change),
        (Healing.DrainNode.descriptor, .manageNodes, .change),
        (Healing.ReleaseNode.descriptor, .manageNodes, .change),
        (Admin.Events.descriptor, .viewGrid, .stream),
        (Admin.CreateToken.descriptor, .issueIdentities, .change),
        (Admin.IssueCertificate.descriptor, .issueIdentities, .change),
        (Noizylab_Grid_Audit.Method.ReadAudit.descriptor, .readAudit, .stream),
        (Noizylab_Grid_Audit.Method.Surface.descriptor, .readAudit, .read),
        (Keys.CreateKey.descriptor, .issueIdentities, .change),
        (Keys.ListKeys.descriptor, .issueIdentities, .read),
        (Keys.RevokeKey.descriptor, .issueIdentities, .change),
        (Certificates.Renew.descriptor, .renewOwnCertificate, .change),
        (Certificates.ListCertificates.descriptor, .viewIdentities, .read),
        (Certificates.Revoke.descriptor, .issueIdentities, .change),
        (Certificates.RotateAuthority.descriptor, .issueIdentities, .change),
        (Certificates.ListEnrolments.descriptor, .viewIdentities, .read),
        (Certificates.DecideEnrolment.descriptor, .issueIdentities, .change),
        (Noizylab_Grid_Admission.Method.JoinConfirmed.descriptor, .enterDoor, .enrol),
        (Noizylab_Grid_Admission.Method.Challenge.descriptor, .enterDoor, .enrol),
        (Noizylab_Grid_Admission.Method.Recover.descriptor, .enterDoor, .enrol),
        (Noizylab_Grid_AgentLink.Method.Connect.descriptor, .linkNode, .link),
        (Noizylab_Grid_Enrolment.Method.Join.descriptor, .enterDoor, .enrol),
        (Grpc_Health_V1_Health.Method.Check.descriptor, .enterDoor, .read),
        (Grpc_Health_V1_Health.Method.Watch.descriptor, .checkHealth, .stream),
        (Grpc_Reflection_V1_ServerReflection.Method.ServerReflectionInfo.descriptor, .checkHealth, .stream),
    ]
}
