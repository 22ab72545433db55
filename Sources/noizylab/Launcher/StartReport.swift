import GridIdentity
import GridWire

/// What `start` prints when everything is ready: the nodes, and what to try next.
struct StartReport {
    let plan: GridPlan
    let home: HomeFolder

    func print(_ headline: String, _ status: Noizylab_Grid_StatusResponse?) {
        let console = Console.stdout
        console.print(console.style.paint(headline, .good))
        guard let status else {
            let names = plan.ownNodes.map(\.name).joined(separator: ", ")
            console.print("node \(names) is connected to the coordinator at \(plan.coordinator)")
            return
        }
        console.print("")
        console.write(
            NodeListing(status.nodes, awaited: awaited(status), port: plan.listenPort, now: status.nowUs).table)
        console.print("")
        let online = Set(status.nodes.filter { $0.state == "online" }.map(\.name))
        for node in plan.installedNodes {
            if let did = RoadRecord.read(node.name, in: home)?.did {
                console.print("\(node.name): \(TerminalText.oneLine(did))")
            }
        }
        for node in plan.linkedNodes + plan.installedNodes
        where !online.contains(node.name) && !PrivateFile.exists(home.removal(node.name)) {
            let road = RoadRecord.read(node.name, in: home)
            let reason = TerminalText.oneLine(road?.reason ?? "no answer yet")
            console.print("\(node.name) cannot be reached: \(reason); it is tried again and again")
            if let remedy = road?.remedy { console.print("  try: \(TerminalText.oneLine(remedy))") }
        }
        for node in awaited(status) where !node.hasRoads && node.installation == nil {
            console.print(
                "\(node.name) is awaited: noizylab token create --name \(node.name), and what it prints, there")
        }
        let other = plan.nodes.last { $0.isHere && $0.name != plan.node }?.name ?? plan.node
        console.print("try next:")
        console.print("  noizylab run -- uname -a")
        console.print("  noizylab run --on \(other) -- sh -c 'for i in 1 2 3; do echo $i; sleep 1; done'")
        console.print("  noizylab exec --all -- hostname")
        console.print("  noizylab status")
    }

    /// Configured nodes that the grid has never heard of.
    private func awaited(_ status: Noizylab_Grid_StatusResponse) -> [GridPlan.PlannedNode] {
        let known = Set(status.nodes.map(\.name))
        return plan.nodes.filter { !known.contains($0.name) }
    }
}
