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
        await letStepsEnd()
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
        for thing in removed { Console.stdout.print("removed from \(node): \(TerminalText.oneLine(String(thing)))") }
        if removed.isEmpty { Console.stdout.print("nothing of ours was on \(node)") }
        try await leaveGrid()
        Console.stdout.print("take its [[node]] out of the configuration, or the next start installs it again")
    }

    /// A step of an installation that is under way ends; the next one sees that it is not wanted.
    private func letStepsEnd() async {
        while ProcessRecord.living(.links, in: home) != nil, RoadRecord.read(node, in: home)?.doing != nil {
            try? await Task.sleep(for: .milliseconds(200))
            if Task.isCancelled { return }
        }
    }

    /// A grid that does not run, or never knew the node, has nothing to forget at once.
    private func leaveGrid() async throws {
        do {
            try await GridLocator(home: home).withGrid { grid in
                try await ignoringUnknown { _ = try await grid.revoked(node, role: "agent", reason: "uninstalled") }
                try await ignoringUnknown { _ = try await grid.removed(node: node) }
            }
            Console.stdout.print("\(node) left the grid, and its certificate is revoked")
        } catch let error as GridError where error.code == .unavailable {
            sayLater()
        } catch let failure as CommandFailure where failure.code == ExitStatus.unreachable.rawValue {
            sayLater()
        }
    }

    private func sayLater() {
        Console.stdout.print("the grid does not run; when it does: noizylab node remove \(node)")
    }

    private func ignoringUnknown(_ body: () async throws -> Void) async throws {
        do { try await body() } catch let error as GridError where error.code == .notFound {}
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
