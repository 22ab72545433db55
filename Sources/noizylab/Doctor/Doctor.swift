import Foundation
import GridLogic
import GridModel
import GridWire
import NoizyClient

/// Looks at this machine and at the nodes, and lets the checks decide what it means.
struct Doctor: Sendable {
    let home: HomeFolder
    let locator: GridLocator
    /// `--config`.
    let config: String?

    /// - Parameter node: only this one; nil: this machine, and all nodes when a grid runs.
    func look(at node: String?) async throws -> DoctorReport {
        let plan = JSONFile.read(GridPlan.self, from: home.gridRecord)
        let answer = await grid()
        if let node { return DoctorReport(try await look(at: node, plan, answer)) }
        guard locator.grid == nil else { return DoctorReport(try await nodes(plan, answer.get(), named: nil)) }
        var found = await MachineLook(home: home, plan: plan, config: config).findings()
        switch answer {
        case .success(let state): found += await nodes(plan, state, named: nil)
        case .failure(let failure): found.append(silent(failure))
        }
        return DoctorReport(found)
    }

    private func look(
        at node: String, _ plan: GridPlan?, _ answer: Result<GridState, CommandFailure>
    ) async throws -> [Finding] {
        let state = try answer.get()
        let known = state.status.nodes.map(\.name) + (plan?.nodes.map(\.name) ?? [])
        guard known.contains(node) else { throw CommandFailure.unknownNode(node, known: known) }
        return await nodes(plan, state, named: node)
    }

    /// No grid is as it should be when none was started.
    private func silent(_ failure: CommandFailure) -> Finding {
        guard ProcessRecord.allLiving(in: home).isEmpty else {
            return Finding(.grid, .failed, "the grid does not answer us: \(failure.message)", try: failure.hint)
        }
        return Finding(.grid, .skipped, "no grid runs from \(home.path), so no node was looked at")
    }

    /// What the grid says of itself, asked once.
    struct GridState: Sendable {
        var status: Noizylab_Grid_StatusResponse
        var certificates: [Noizylab_Grid_CertificateInfo]
    }

    private func grid() async -> Result<GridState, CommandFailure> {
        do {
            return .success(
                try await locator.withGrid { grid in
                    let status = try await grid.statusInfo()
                    // Those who may only look at tasks do not see them, and do without.
                    let certificates = try? await grid.certificateInfos(all: false).certificates
                    return GridState(status: status, certificates: certificates ?? [])
                })
        } catch {
            return .failure(CommandFailure(error))
        }
    }

    private func nodes(_ plan: GridPlan?, _ state: GridState, named name: String?) async -> [Finding] {
        let ownPlan = locator.grid == nil ? plan : nil
        let heard = state.status.nodes.filter { !$0.isExternal && (name == nil || $0.name == name) }
        let names = Set(state.status.nodes.map(\.name))
        let awaited = (ownPlan?.nodes ?? []).filter { !names.contains($0.name) && (name == nil || $0.name == name) }
        let look = NodeLook(home: home, plan: ownPlan, locator: locator)
        async let visits = look.visits(to: heard.filter { $0.state != "online" }.map(\.name) + awaited.map(\.name))
        let online = heard.filter { $0.state == "online" }
        // The script is a POSIX shell's: another kind of road wants one of its own.
        let reports = await look.reports(of: online.filter { $0.link != LinkKind.winrm.rawValue })
        let visited = await visits
        var found: [Finding] = []
        for node in heard {
            var facts = NodeChecks.Known(node, certificates: state.certificates)
            look.complete(&facts)
            found += merged(NodeChecks.known(facts), visited[node.name])
            if let report = reports[node.name] {
                found += NodeChecks.reported(
                    report.report, report.reason, node: node.name, usesSSH: node.link == LinkKind.ssh.rawValue)
            }
        }
        for node in awaited {
            var facts = NodeChecks.Known(name: node.name, link: node.link, state: "")
            look.complete(&facts)
            found += merged(NodeChecks.known(facts), visited[node.name])
        }
        return found
    }

    /// A visit knows better what keeps a road closed than the road's last word, and says it in the words of its check.
    private func merged(_ known: [Finding], _ visit: [Finding]?) -> [Finding] {
        guard let visit, visit.contains(where: { $0.level == .failed }) else { return known + (visit ?? []) }
        return visit.contains { $0.check == .connection }
            ? known.filter { $0.check != .connection } + visit : known + visit
    }
}

extension NodeChecks.Known {
    init(_ info: Noizylab_Grid_NodeInfo, certificates: [Noizylab_Grid_CertificateInfo]) {
        self.init(name: info.name, link: info.link, state: info.state)
        trouble = info.trouble
        silence = info.silentMs < 0 ? nil : info.silentMs
        roundTripMicroseconds = info.hasSample ? info.sample.roundTripUs : 0
        skewMicroseconds = info.skewUs
        agentVersion = info.inventory.agentVersion
        ownVersion = Version.text
        riskLevel = info.riskLevel
        riskReason = info.riskEvidence.first.map { "\($0.metric): \($0.detail)" } ?? ""
        let newest = certificates.filter { $0.name == info.name && $0.role == "agent" }.max {
            $0.notAfterUs < $1.notAfterUs
        }
        if let newest {
            let now = Int64(Date().timeIntervalSince1970)
            certificateLeft = newest.notAfterUs / 1_000_000 - now
            certificateLife = (newest.notAfterUs - newest.issuedAtUs) / 1_000_000
        }
    }
}
