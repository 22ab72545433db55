import GridIdentity
import GridWire
import NoizyClient

/// Whether everything that should run on this machine really does, as the grid itself says.
struct Readiness: Sendable {
    let home: HomeFolder
    let plan: GridPlan
    let locator: GridLocator

    /// What is still missing, for people; nil when nothing is.
    enum Finding: Sendable {
        case ready(Noizylab_Grid_StatusResponse?)
        case missing(String, parts: [GridPart])
        /// It will not be, however long one waits.
        case hopeless(CommandFailure)
    }

    /// Without any news.
    static let limit: Duration = .seconds(30)
    /// For programs that are copied to other machines.
    static let installationLimit: Duration = .seconds(600)

    /// Looks until it is ready, or it is certain that it will not be, or the time is over. `onProgress` hears what is
    /// missing.
    func wait(_ onProgress: (String) -> Void) async throws -> Noizylab_Grid_StatusResponse? {
        let begin = ContinuousClock.now
        var deadline = begin + Self.limit
        var last = "the coordinator"
        var missing: [GridPart] = plan.parts
        while ContinuousClock.now < deadline {
            switch await look() {
            case .ready(let status): return status
            case .missing(let text, let parts):
                if text != last, ContinuousClock.now - begin < Self.installationLimit {
                    // A program that is being copied takes its time.
                    deadline = ContinuousClock.now + Self.limit
                }
                last = text
                missing = parts
                onProgress(text)
            case .hopeless(let failure): throw failure
            }
            if let hopeless = hopelessPart() { throw failure("\(hopeless) ends as soon as it is started", [hopeless]) }
            try await Task.sleep(for: .milliseconds(25))
        }
        throw failure("not ready after \(Self.limit.components.seconds) s: \(last)", missing)
    }

    private func look() async -> Finding {
        guard plan.hasCoordinator else { return await lookAtJoinedNode() }
        guard ProcessRecord.living(.coordinator, in: home)?.listen != nil else {
            return .missing("waiting for the coordinator", parts: [.coordinator])
        }
        do {
            let status = try await locator.withGrid { try await $0.statusInfo() }
            let online = Set(status.nodes.filter { $0.state == "online" }.map(\.name))
            let missing = plan.ownNodes.map(\.name).filter { !online.contains($0) }
            if let revoked = status.nodes.first(where: { $0.isRevoked && missing.contains($0.name) }) {
                return .hopeless(Self.revoked(revoked.name))
            }
            let unreached = (plan.linkedNodes + plan.installedNodes).map(\.name).filter { name in
                let record = RoadRecord.read(name, in: home)
                // What is being done there is waited for, and told.
                if record?.doing != nil { return true }
                // One that cannot be reached is told of, and keeps nobody waiting.
                return !online.contains(name) && record?.reason == nil && !PrivateFile.exists(home.removal(name))
            }
            guard !missing.isEmpty || !unreached.isEmpty else { return .ready(status) }
            guard !missing.isEmpty else {
                let doing = unreached.lazy.compactMap { RoadRecord.read($0, in: home)?.doing }.first
                return .missing(doing ?? "connecting to \(unreached.joined(separator: ", "))", parts: [.links])
            }
            let all = plan.ownNodes.count
            return .missing(
                "\(all - missing.count) of \(all) nodes online, waiting for \(missing.joined(separator: ", "))",
                parts: missing.map { .agent($0) })
        } catch {
            return .missing("the coordinator does not answer: \(CommandFailure(error).message)", parts: [.coordinator])
        }
    }

    /// Asked with the node's own certificate: a machine that joined has no other.
    private func lookAtJoinedNode() async -> Finding {
        guard let node = plan.ownNodes.first else { return .ready(nil) }
        do {
            let isHealthy = try await GridClient.withConnection(
                to: plan.coordinator, credentials: GridCredentials(folder: home.node(node.name) + "/pki")
            ) { try await $0.health(ofNode: node.name).isHealthy }
            return isHealthy
                ? .ready(nil) : .missing("waiting for \(node.name) to be online", parts: [.agent(node.name)])
        } catch {
            return .missing(CommandFailure(error).message, parts: [.agent(node.name)])
        }
    }

    private static func revoked(_ node: String) -> CommandFailure {
        CommandFailure(
            .denied, "\(node) was revoked: the grid does not let it in, and everything else runs",
            try: "noizylab token create --name \(node), and on that machine, from a fresh folder: noizylab join")
    }

    /// A part that ended several times within moments will not come.
    private func hopelessPart() -> GridPart? {
        let parts = ProcessRecord.living(.supervisor, in: home)?.parts ?? []
        return parts.first { $0.quickEnds >= 4 }.flatMap { GridPart($0.name) }
    }

    private func failure(_ message: String, _ parts: [GridPart]) -> CommandFailure {
        let logs = parts.prefix(2).map { part in
            let lines = LogReader.lastDifferentLines(5, of: home.logFile(part)).map { "  \($0)\n" }.joined()
            return "\nlast lines of \(home.logFile(part)):\n" + (lines.isEmpty ? "  (none)\n" : lines)
        }
        return CommandFailure(
            .failure, message + logs.joined().trimmingSuffix("\n"),
            try: "noizylab logs\(parts.first.map { " \($0)" } ?? ""), mend it, then noizylab start again")
    }
}

extension String {
    func trimmingSuffix(_ suffix: String) -> String { hasSuffix(suffix) ? String(dropLast(suffix.count)) : self }
}
