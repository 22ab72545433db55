import Executors
import Foundation
import Links
import NoizyClient

/// `noizylab start --uninstall NODE`: takes every trace of an agent that `start` installed off its machine, and the node
/// out of the grid.
struct AgentRemoval: Sendable {
    let home: HomeFolder
    let plan: GridPlan
    let node: String

    func run() async throws {
        let planned = try plan.node(named: node)
        guard let road = planned.installation else {
            throw CommandFailure(
                .usage, "\(node) was not installed from here: its [[node]] has no ssh = { … }",
                try: "on its own machine: noizylab stop, and remove its folder")
        }
        // First, so that the agent is not put there again behind our back.
        guard Folders.write(Array("uninstalled\n".utf8), to: home.removal(node)) else {
            throw CommandFailure(.failure, "cannot write \(home.removal(node)): \(systemErrorText(errno))")
        }
        let said: String
        do {
            said = try await SSHErrand.of(road, of: node, home: home).run(
                InstallScript.of(node, plan: plan, home: home).uninstall, within: .seconds(120))
        } catch {
            throw CommandFailure(.unreachable, "\(node) cannot be cleaned: \(error.reason)", try: error.remedy)
        }
        let removed = said.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("removed=") }.map {
            $0.dropFirst(8)
        }
        for thing in removed { Console.stdout.print("removed from \(node): \(thing)") }
        if removed.isEmpty { Console.stdout.print("nothing of ours was on \(node)") }
        try await leaveGrid()
        Console.stdout.print("take its [[node]] out of the configuration, or the next start installs it again")
    }

    /// A grid that does not run knows nothing it would have to forget at once.
    private func leaveGrid() async throws {
        do {
            try await GridLocator(home: home).withGrid { grid in
                _ = try await grid.revoked(node, role: "agent", reason: "uninstalled")
                _ = try await grid.removed(node: node)
            }
            Console.stdout.print("\(node) left the grid, and its certificate is revoked")
        } catch let error as GridError where error.code == .unavailable {
            Console.stdout.print("the grid does not run; when it does: noizylab node remove \(node)")
        }
    }
}

extension SSHErrand {
    static func of(_ road: PlannedRoad, of node: String, home: HomeFolder) -> SSHErrand {
        SSHErrand(
            settings: road.settings(node: node, gridKnownHosts: home.knownHosts), environment: LinkedNodes.environment)
    }
}

extension InstallScript {
    static func of(_ node: String, plan: GridPlan, home: HomeFolder) -> InstallScript {
        InstallScript(
            tag: LinkTag.of(node, plan: plan, home: home), title: "NOIZYLAB agent \(node) of \(plan.cluster)")
    }
}
