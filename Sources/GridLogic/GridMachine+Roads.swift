import GridModel

/// The ways to nodes without an agent. Whoever takes them decides which; the machine keeps and tells it.
extension GridMachine {
    mutating func note(
        roads: [RoadState], of name: NodeName, _ session: SessionID, into effects: inout [GridEffect]
    ) {
        guard let node = index(of: name, session) else { return }
        let roads = roads.prefix(NodeLimits.roads).map(\.clamped)
        let before = nodes[node].roads.first(where: \.isInUse)
        nodes[node].roads = roads
        guard let before, let used = roads.first(where: \.isInUse), used.name != before.name else { return }
        let old = roads.first { $0.name == before.name }
        let reason =
            switch old?.condition {
            case .closed where old?.reason.isEmpty == false: old?.reason ?? ""
            case .silent: "nothing comes by it any more"
            case .open: "the preferred road is open again"
            default: "it is closed"
            }
        emit(.nodeRoadChanged(name, from: before.name, to: used.name, reason: reason), into: &effects)
    }
}

extension NodeMachine {
    /// Nobody knows of the roads while whoever takes them is not connected.
    var shownRoads: [RoadState] {
        guard session == nil else { return roads }
        return roads.map { road in
            var road = road
            (road.condition, road.isInUse) = (.unknown, false)
            return road
        }
    }
}

extension RoadState {
    /// What another process says of itself is not to be trusted with the machine's memory.
    fileprivate var clamped: RoadState {
        var sane = self
        sane.name = String(name.prefix(NodeLimits.roadText))
        sane.reason = String(reason.prefix(NodeLimits.roadText))
        sane.remedy = String(remedy.prefix(NodeLimits.roadText))
        return sane
    }
}
