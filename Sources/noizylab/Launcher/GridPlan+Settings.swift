import Agent
import Coordinator
import GridIdentity
import GridLogic
import GridModel
import GridStore
import GridTransport

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
        settings.certificates = lifetimes
        settings.roadAddresses = Dictionary(
            linkedNodes.map { (NodeName(checked: $0.name), $0.address) }, uniquingKeysWith: { $1 })
        if let placement, let rule = PlacementRule(rawValue: placement) { settings.grid.placement = rule }
        if let risk, let rule = RiskRule(rawValue: risk) { settings.grid.risk = rule }
        for (key, number) in numbers {
            switch key {
            case "tasks.output_limit": settings.outputLimitBytes = number
            case "tasks.timeout": settings.defaultTimeoutMilliseconds = number
            case "tasks.lost_attempts": settings.grid.lostAttemptLimit = Int(number)
            case "tasks.poison_nodes": settings.grid.poisonNodeLimit = Int(number)
            case "tasks.fair_share": settings.grid.fairShare = number != 0
            case "tasks.preempt": settings.grid.preempts = number != 0
            case "tasks.max_preemptions": settings.grid.preemptionLimit = Int(number)
            case "tasks.cancel_grace": settings.grid.cancelGraceMilliseconds = number
            case "tasks.max_live": settings.grid.maxLiveTasks = Int(number)
            case "tasks.max_live_per_client": settings.grid.maxLiveTasksPerClient = Int(number)
            case "liveness.suspect_after": settings.grid.suspectAfterMilliseconds = number
            case "liveness.offline_after": settings.grid.offlineAfterMilliseconds = number
            case "liveness.reconnect_grace": settings.grid.reconnectGraceMilliseconds = number
            case "liveness.quarantine": settings.grid.quarantineFirstMilliseconds = number
            case "liveness.recovery_grace": settings.grid.recoveryGraceMilliseconds = number
            case "audit.retention": settings.auditRetentionSeconds = number / 1_000
            case "audit.max_entries": settings.auditEntryLimit = Int(max(number, 1_000))
            case "limits.stored_output": settings.output.ownerLimitBytes = max(number, 0)
            case "limits.connections": settings.transport.connections.total = Int(max(number, 1))
            case "limits.connections_per_address": settings.transport.connections.perAddress = Int(max(number, 1))
            case "limits.handshake_timeout": settings.transport.handshakeTimeout = .milliseconds(max(number, 100))
            case _ where key.hasPrefix("limits."): settings.limits.set(String(key.dropFirst(7)), number)
            // Written by a newer version; what it means is unknown here.
            default: break
            }
        }
        return settings
    }

    /// For whoever issues certificates on the authority's machine.
    var lifetimes: CertificateLifetimes {
        var lifetimes = CertificateLifetimes()
        for (key, path) in [
            ("node_lifetime", \CertificateLifetimes.node), ("client_lifetime", \.client), ("overlap", \.overlap),
            ("least_overlap", \.leastOverlap), ("recovery", \.recovery),
        ] {
            if let milliseconds = numbers["certificates.\(key)"] {
                lifetimes[keyPath: path] = max(1, milliseconds / 1_000)
            }
        }
        return lifetimes
    }

    func agentSettings(_ planned: PlannedNode, home: HomeFolder) -> AgentSettings {
        var settings = AgentSettings(
            name: NodeName(checked: planned.name), role: planned.role, link: LinkKind(rawValue: planned.link) ?? .agent,
            cluster: cluster, coordinatorHost: coordinatorHost, coordinatorPort: listenPort,
            folder: home.node(planned.name), version: Version.text)
        settings.labels = planned.labels ?? [:]
        settings.resources = planned.resources ?? [:]
        settings.requiresSignatures = planned.requiresSignatures ?? false
        settings.trustedSigners = planned.trustedKeys ?? []
        settings.trustedSignersFile = home.trustedSigners
        settings.edgeHost = Self.loopback(for: edgeHost)
        settings.edgePort = edgePort
        return settings
    }
}

extension CallLimits {
    /// Bursts keep their proportion to the rate.
    fileprivate mutating func set(_ key: String, _ number: Int64) {
        let value = Int(clamping: min(number, 1_000_000_000))
        switch key {
        case "reads": read = read.at(value)
        case "changes": change = change.at(value)
        case "tasks": submit = submit.at(value)
        case "streams": stream = stream.at(value)
        case "bytes": bytes = bytes.at(value)
        case "open_calls": openCalls = max(value, 1)
        case "operator_factor": operatorFactor = min(max(value, 1), 10_000)
        case "contended_divisor": contendedDivisor = min(max(value, 1), 10_000)
        default: break
        }
    }
}

extension BucketRate {
    fileprivate func at(_ rate: Int) -> BucketRate {
        BucketRate(perSecond: rate, burst: rate * burst / perSecond)
    }
}
