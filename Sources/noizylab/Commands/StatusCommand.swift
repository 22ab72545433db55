import ArgumentParser
import GridWire
import NoizyClient

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "status", "Show the grid: its coordinator, its nodes, its tasks.", examples: ["status", "status -o json"])

    @OptionGroup var options: GridOptions
    @OptionGroup var format: DocumentOption

    func run() async throws {
        let plan = JSONFile.read(GridPlan.self, from: options.folder.gridRecord)
        if let plan, !plan.hasCoordinator, options.locator.grid == nil {
            try await joinedStatus(plan)
            return
        }
        do {
            let status = try await options.withGrid { try await $0.statusInfo() }
            let isOwn = options.locator.grid == nil && plan != nil
            let supervisor = isOwn ? ProcessRecord.living(.supervisor, in: options.folder) : nil
            let document = StatusDocument(status: status, isOwn: isOwn, supervisorPID: supervisor?.pid)
            switch format.output {
            case .json: Console.stdout.print(document.json.pretty)
            case .text: document.print(to: .stdout)
            }
        } catch {
            let failure = CommandFailure(error)
            if format.output == .json, failure.code == ExitStatus.unreachable.rawValue {
                Console.stdout.print(
                    JSONValue.object([
                        "cluster": JSONValue(plan?.cluster), "state": plan == nil ? "stopped" : "unreachable",
                        "coordinator": nil, "nodes": [], "dashboard": nil, "tasks": .object([:]),
                    ]).pretty)
            }
            throw failure
        }
    }

    /// A machine that joined has no say in the grid; it can tell how it is itself.
    private func joinedStatus(_ plan: GridPlan) async throws {
        let home = options.folder
        guard let node = plan.ownNodes.first else { return }
        let health = try await GridClient.withConnection(
            to: plan.coordinator, credentials: GridCredentials(folder: home.node(node.name) + "/pki")
        ) { try await $0.health(ofNode: node.name) }
        let state = health.isHealthy ? "online" : "not online"
        switch format.output {
        case .json:
            Console.stdout.print(
                JSONValue.object([
                    "cluster": .string(plan.cluster), "state": .string(state),
                    "coordinator": .object(["listen": .string("\(plan.coordinator)")]), "node": .string(node.name),
                    "running": JSONValue(health.activeTasks),
                ]).pretty)
        case .text:
            Console.stdout.print(
                "node \(node.name) of \(plan.cluster) is \(state), linked to \(plan.coordinator), "
                    + "running \(health.activeTasks)")
        }
    }
}

/// The grid's status for people and for programs; its JSON shape is a contract.
struct StatusDocument {
    let status: Noizylab_Grid_StatusResponse
    /// It runs from this machine's home.
    let isOwn: Bool
    let supervisorPID: Int32?

    var json: JSONValue {
        .object([
            "cluster": .string(status.cluster),
            "state": .string(status.state),
            "coordinator": .object([
                "node": .string(status.node), "listen": .string(status.listen), "edge": .string(status.edge),
                "pid": JSONValue(status.pid), "version": .string(status.version),
                "uptime_ms": JSONValue(status.uptimeMs),
            ]),
            "nodes": .array(status.nodes.map(NodeListing.document)),
            "dashboard": nil,
            "tasks": .object(
                TaskStatus.State.allCases.map {
                    .init(name: $0.rawValue, value: JSONValue(status.tasks[$0.rawValue] ?? 0))
                }),
            "failovers_paused": .bool(status.failoversPaused),
            "supervisor": isOwn
                ? .object(["pid": JSONValue(supervisorPID), "state": supervisorPID == nil ? "gone" : "running"]) : nil,
            "now": JSONValue(TimeText.iso(microseconds: status.nowUs)),
        ])
    }

    func print(to console: Console) {
        let online = status.nodes.filter { $0.state == "online" }.count
        console.print(
            console.style.paint("\(status.cluster) is \(status.state)", status.state == "ready" ? .good : .warning)
                + ", \(online) of \(status.nodes.count) nodes online")
        console.print(
            "coordinator on \(status.node) (process \(status.pid), version \(status.version), "
                + "up \(TimeText.rough(milliseconds: status.uptimeMs))), listens on \(status.listen), edge \(status.edge)"
        )
        let counts = TaskStatus.State.allCases.compactMap { state in
            status.tasks[state.rawValue].flatMap { $0 > 0 ? "\($0) \(TaskText.words(state.rawValue))" : nil }
        }
        console.print("tasks: " + (counts.isEmpty ? "none yet" : counts.joined(separator: ", ")))
        console.print("")
        console.write(NodeListing(status.nodes, port: GridEndpoint(status.listen)?.port ?? 0, now: status.nowUs).table)
        if status.failoversPaused {
            console.print(
                "\nwarning: half of the nodes or more are silent, so nothing is moved until it is clear who is cut off")
        }
        if isOwn, supervisorPID == nil {
            console.print(
                "\nwarning: the supervisor is gone, so nothing that ends is started again\ntry: noizylab start")
        }
    }
}
