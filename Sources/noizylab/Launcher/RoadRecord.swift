import Agent
import Executors

/// What the road to a node without an agent is doing, kept in `run/road-<node>.state` for `start` and `node show` on the
/// coordinator's machine.
struct RoadRecord: Codable, Sendable, Hashable {
    var isOpen: Bool
    /// Why not, when it is known.
    var reason: String?
    var remedy: String?

    init(_ state: RoadService.State) {
        switch state {
        case .opening: isOpen = false
        case .open: isOpen = true
        case .closed(let failure):
            isOpen = false
            reason = failure.reason
            remedy = failure.remedy.isEmpty ? nil : failure.remedy
        }
    }

    static func read(_ node: String, in home: HomeFolder) -> RoadRecord? {
        JSONFile.read(RoadRecord.self, from: home.road(node))
    }
}
