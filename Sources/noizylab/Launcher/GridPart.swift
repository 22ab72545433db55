/// A process of the grid on this machine, by the name its record, its lock and its log have.
enum GridPart: Sendable, Hashable, CustomStringConvertible {
    case supervisor, coordinator
    /// Serves all nodes without an agent.
    case links
    case agent(String)

    init?(_ text: some StringProtocol) {
        switch text {
        case "supervisor": self = .supervisor
        case "coordinator": self = .coordinator
        case "links": self = .links
        case _ where text.hasPrefix("agent-") && text.count > 6: self = .agent(String(text.dropFirst(6)))
        default: return nil
        }
    }

    var description: String {
        switch self {
        case .supervisor: "supervisor"
        case .coordinator: "coordinator"
        case .links: "links"
        case .agent(let name): "agent-\(name)"
        }
    }

    /// The hidden command that runs it in the foreground.
    func arguments(home: HomeFolder) -> [String] {
        switch self {
        case .supervisor: ["supervise", "--home", home.path]
        case .coordinator: ["coordinator", "--home", home.path]
        case .links: ["links", "--home", home.path]
        case .agent(let name): ["agent", "--name", name, "--home", home.path]
        }
    }
}
