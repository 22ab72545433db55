import Executors
import Foundation
import GridLogic
import GridModel
import GridWire
import Links
import NoizyClient

/// Looks at nodes: from inside, by a short task over whatever road they are reached by; and at the door of those whose
/// road is closed.
struct NodeLook: Sendable {
    let home: HomeFolder
    /// Of the grid of this home; nil: another machine's grid is asked.
    let plan: GridPlan?
    let locator: GridLocator

    /// A task that nobody needs later: it may wait for room, and then run, for so long.
    private static let queueTimeout: Duration = .seconds(5)
    private static let timeout: Duration = .seconds(20)
    /// A node says a few hundred bytes.
    private static let sizeLimit = 64 * 1_024

    struct Answer: Sendable {
        var report: NodeReport?
        /// Why there is none.
        var reason = ""
    }

    // MARK: From inside

    func reports(of nodes: [Noizylab_Grid_NodeInfo]) async -> [String: Answer] {
        guard !nodes.isEmpty else { return [:] }
        do {
            return try await locator.withGrid { grid in
                await withTaskGroup(of: (String, Answer).self) { group in
                    for node in nodes { group.addTask { (node.name, await ask(node.name, grid)) } }
                    return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
                }
            }
        } catch {
            let answer = Answer(reason: CommandFailure(error).message)
            return Dictionary(nodes.map { ($0.name, answer) }, uniquingKeysWith: { $1 })
        }
    }

    private func ask(_ node: String, _ grid: GridClient) async -> Answer {
        do {
            let askedAt = Self.now()
            var task = try await grid.submit(request(node))
            var said: [UInt8] = []
            for try await update in grid.watch(task.id) {
                switch update {
                case .status(let status): task = status
                case .stdout(let bytes, _): if said.count < Self.sizeLimit { said += bytes }
                case .stderr, .progress: break
                }
            }
            guard task.state == .succeeded else {
                return Answer(reason: task.reason.isEmpty ? "the task \(task.state.rawValue)" : task.reason)
            }
            var report = NodeReport(parsing: String(decoding: said, as: UTF8.self))
            (report.askedAt, report.answeredAt) = (askedAt, Self.now())
            return Answer(report: report)
        } catch {
            return Answer(reason: CommandFailure(error).message)
        }
    }

    private func request(_ node: String) -> TaskRequest {
        var request = TaskRequest(.script(interpreter: "sh", NodeScript.posix))
        request.node = node
        request.isEphemeral = true
        request.timeout = Self.timeout
        request.queueTimeout = Self.queueTimeout
        request.onLost = .fail
        return request
    }

    /// Milliseconds since 1970.
    private static func now() -> Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }

    // MARK: From here

    /// What only this machine sees.
    func complete(_ facts: inout NodeChecks.Known) {
        guard let planned = plan?.nodes.first(where: { $0.name == facts.name }) else { return }
        if planned.isHere || planned.hasRoads {
            let spool = "\(home.node(planned.name))/spool"
            facts.spoolBytes = Folders.names(in: spool).reduce(0) { $0 + (FileFacts("\(spool)/\($1)")?.size ?? 0) }
        }
        if planned.hasRoads, let road = RoadRecord.read(planned.name, in: home), !road.isOpen {
            facts.roadReason = road.reason ?? ""
            facts.roadRemedy = road.remedy ?? ""
        }
    }

    /// To those of the nodes that are reached by SSH, all at once.
    func visits(to names: [String]) async -> [String: [Finding]] {
        await withTaskGroup(of: (String, [Finding]).self) { group in
            for node in plan?.nodes ?? [] where names.contains(node.name) {
                guard let road = node.roadOverSSH else { continue }
                group.addTask { (node.name, await visit(node, road)) }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    private func visit(_ node: GridPlan.PlannedNode, _ road: PlannedRoad) async -> [Finding] {
        let settings = road.settings(node: node.name, gridKnownHosts: home.knownHosts)
        let agent = environmentValue("SSH_AUTH_SOCK").map { ["SSH_AUTH_SOCK": $0] } ?? [:]
        let report = await SSHVisit(settings: settings, environment: agent).make()
        let host = report.host.isEmpty ? road.address : report.host
        var visit = RoadChecks.Visit(node: node.name, place: "\(host) port \(report.port)")
        if report.isIndirect {
            visit.banner = "by another machine"
        } else {
            switch FreePorts.firstLine(host, report.port, milliseconds: 4_000) {
            case .success(let line): visit.banner = line
            case .failure(let failure): visit.failure = failure.text
            }
        }
        visit.isKeyKnown = report.isKeyKnown
        visit.fingerprints = report.fingerprints
        visit.refusal = report.refusal.map { Complaint($0.reason, try: $0.remedy) }
        visit.isTried = true
        return RoadChecks.visit(visit)
    }
}
