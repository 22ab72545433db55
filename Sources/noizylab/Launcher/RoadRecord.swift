import Executors
import GridModel

/// What the roads to a node without an agent are doing, kept in `run/road-<node>.state` for `start`.
struct RoadRecord: Codable, Sendable, Hashable {
    /// One of them is.
    var isOpen: Bool
    /// Why none is, when it is known.
    var reason: String?
    var remedy: String?
    /// Of a machine on which an agent is put: what is being done, and what was.
    var doing: String?
    var did: String?

    init(isOpen: Bool, doing: String? = nil, did: String? = nil) {
        self.isOpen = isOpen
        self.doing = doing
        self.did = did
    }

    init(_ failure: RoadFailure) {
        isOpen = false
        reason = failure.reason
        remedy = failure.remedy.isEmpty ? nil : failure.remedy
    }

    init(_ roads: [RoadState]) {
        isOpen = roads.contains { $0.condition == .open || $0.condition == .silent }
        let closed = roads.filter { !$0.reason.isEmpty }
        guard !isOpen, !closed.isEmpty else { return }
        reason = closed.map { roads.count == 1 ? $0.reason : "\($0.name): \($0.reason)" }.joined(separator: "; ")
        remedy = closed.first { !$0.remedy.isEmpty }?.remedy
    }

    static func read(_ node: String, in home: HomeFolder) -> RoadRecord? {
        JSONFile.read(RoadRecord.self, from: home.road(node))
    }
}
