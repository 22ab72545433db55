import GridModel
import GridWire
import Testing

@testable import noizylab

@Suite struct NodeRiskOutputTests {
    private static func info(_ change: (inout Noizylab_Grid_NodeInfo) -> Void = { _ in }) -> Noizylab_Grid_NodeInfo {
        var info = Noizylab_Grid_NodeInfo(Node(name: NodeName("HP-OMEN")!))
        change(&info)
        return info
    }

    private static func evidence(_ metric: String, _ risk: Double, since: Int64, _ detail: String)
        -> Noizylab_Grid_RiskEvidence
    {
        var evidence = Noizylab_Grid_RiskEvidence()
        evidence.metric = metric
        evidence.risk = risk
        evidence.sinceUs = since
        evidence.detail = detail
        return evidence
    }

    @Test func `a risk is shown with its level, its number and all its reasons`() {
        let info = Self.info {
            $0.riskLevel = "high"
            $0.risk = 0.8749
            $0.riskEvidence = [
                Self.evidence("disk", 0.8, since: 1_700_000_000_000_000, "full in 1.2 h at this rate"),
                Self.evidence("GPU 1 temperature", 0.375, since: 1_700_000_060_000_000, "93 °C is unusual (0.94)"),
            ]
            $0.isAvoided = true
        }

        let rows = NodeDetails(info: info).rows

        #expect(rows.contains { $0 == ("risk", "high, 0.87") })
        #expect(rows.contains { $0.1 == "disk: full in 1.2 h at this rate, since 2023-11-14T22:13:20.000Z" })
        #expect(rows.contains { $0.1.hasPrefix("GPU 1 temperature: 93 °C is unusual (0.94), since ") })
        #expect(
            rows.contains {
                $0 == ("health", "avoided for its risk while another node is open (noizylab node release HP-OMEN)")
            })
        let document = NodeListing.document(info).pretty
        #expect(document.contains("\"level\": \"high\"") && document.contains("\"value\": 0.87"))
        #expect(document.contains("\"metric\": \"GPU 1 temperature\""))
        #expect(document.contains("\"since_us\": 1700000060000000"))
        #expect(document.contains("\"avoided\": true") && document.contains("\"drained_for_risk\": false"))
    }

    @Test func `before the first heartbeat there is no risk to show, and a healthy node has none`() {
        #expect(!NodeDetails(info: Self.info()).rows.contains { $0.0 == "risk" })
        #expect(NodeListing.document(Self.info()).pretty.contains("\"risk\": null"))

        let calm = Self.info { $0.riskLevel = "normal" }

        #expect(NodeDetails(info: calm).rows.contains { $0 == ("risk", "normal") })
    }

    @Test func `that a node is drained for its risk is kept, and shown`() throws {
        var node = Node(name: NodeName("HP-OMEN")!, schedulability: .draining)
        node.isDrainedForRisk = true

        #expect(try Noizylab_Grid_NodeInfo(node).model() == node)
        #expect(
            NodeDetails(info: Noizylab_Grid_NodeInfo(node)).rows.contains {
                $0 == ("health", "drained for its risk until that is past (noizylab node release HP-OMEN)")
            })
    }

    @Test(arguments: [
        (
            GridEvent.Fact.nodeRisk(NodeName("a")!, .high, risk: 0.9, reason: "disk: full in 0.5 h"), "node_risk",
            "the risk of node a is high: disk: full in 0.5 h"
        ),
        (.nodeRisk(NodeName("a")!, .normal, risk: 0, reason: ""), "node_risk", "the risk of node a is normal"),
        (
            .nodeAvoided(NodeName("a")!, true, reason: "0.9, disk: full in 0.5 h"), "node_avoided",
            "node a is given nothing new for its risk of 0.9, disk: full in 0.5 h"
        ),
        (
            .nodeAvoided(NodeName("a")!, false, reason: "its risk is past"), "node_no_longer_avoided",
            "node a is no longer avoided: its risk is past"
        ),
    ])
    func `events say it in a sentence`(fact: GridEvent.Fact, kind: String, text: String) {
        let event = Noizylab_Grid_Event(GridEvent(number: 1, at: Timestamp(microseconds: 1), fact: fact))

        #expect(event.kind == kind && event.node == "a" && event.text == text)
    }
}
