import Agent
import Coordinator
import GridLogic
import GridModel

/// The plan in the words of the parts. What it does not say keeps the parts' own defaults.
extension GridPlan {
    func coordinatorSettings(home: HomeFolder) -> CoordinatorSettings {
        var settings = CoordinatorSettings(node: NodeName(checked: node), folder: home.path, version: Version.text)
        settings.cluster = cluster
        settings.listenHost = listenHost
        settings.listenPort = listenPort
        settings.edgeHost = edgeHost
        settings.edgePort = edgePort
        settings.names = names
        for (key, number) in numbers {
            switch key {
            case "tasks.output_limit": settings.outputLimitBytes = number
            case "tasks.timeout": settings.defaultTimeoutMilliseconds = number
            case "tasks.lost_attempts": settings.grid.lostAttemptLimit = Int(number)
            case "tasks.cancel_grace": settings.grid.cancelGraceMilliseconds = number
            case "tasks.max_live": settings.grid.maxLiveTasks = Int(number)
            case "liveness.suspect_after": settings.grid.suspectAfterMilliseconds = number
            case "liveness.offline_after": settings.grid.offlineAfterMilliseconds = number
            case "liveness.reconnect_grace": settings.grid.reconnectGraceMilliseconds = number
            case "liveness.recovery_grace": settings.grid.recoveryGraceMilliseconds = number
            // Written by a newer version; what it means is unknown here.
            default: break
            }
        }
        return settings
    }

    func agentSettings(_ planned: PlannedNode, home: HomeFolder) -> AgentSettings {
        AgentSettings(
            name: NodeName(checked: planned.name), role: planned.role, link: LinkKind(rawValue: planned.link) ?? .agent,
            cluster: cluster, coordinatorHost: coordinatorHost, coordinatorPort: listenPort,
            folder: home.node(planned.name), version: Version.text)
    }
}
