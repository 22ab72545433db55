import Coordinator
import GridLogic
import GridModel
import GridWire
import Testing

/// What is told of a node over the wire.
@Suite struct NodeViewTests {
    private static let name = NodeName(checked: "a")

    private static func moment(_ milliseconds: Int64) -> Moment {
        Moment(
            monotonic: MonotonicTime(nanoseconds: milliseconds * 1_000_000),
            wall: Timestamp(microseconds: 1_700_000_000_000_000 + milliseconds * 1_000))
    }

    /// As the grid machine sees it after heartbeats that counted so many errors of its second GPU, for 20 s each.
    private static func view(errors: [Int64]) throws -> NodeView {
        var settings = GridSettings()
        settings.risk = .avoid
        var machine = GridMachine(settings: settings)
        var effects: [GridEffect] = []
        let session = SessionID(number: 1)
        let node = Node(name: name, inventory: NodeInventory(cores: 4, memoryBytes: 8 << 30))
        machine.apply(.nodeConnected(node, session, attempts: []), at: moment(0), into: &effects)
        for (index, count) in errors.enumerated() {
            var sample = NodeSample(gpus: [GPUSample(index: 0), GPUSample(index: 1)])
            sample.gpus[1].errorCount = count
            for beat in 0..<40 as Range<Int64> {
                let time = moment(Int64(index) * 20_000 + beat * 500)
                // A machine that is not ticked takes itself for absent, and its time stands still.
                machine.apply(.tick, at: time, into: &effects)
                machine.apply(.heartbeat(name, session, sample), at: time, into: &effects)
            }
        }
        return try #require(machine.nodeView(name, at: moment(Int64(errors.count) * 20_000)))
    }

    @Test func `a node's risk is told with its evidence and what follows`() throws {
        let view = try Self.view(errors: [4, 5])
        let risk = try #require(view.risk)
        try #require(risk.level == .high)

        let info = Noizylab_Grid_NodeInfo(view)

        #expect(info.riskLevel == "high" && info.isAvoided)
        #expect(info.risk == risk.risk && info.risk >= 0.7)
        #expect(info.riskEvidence.count == risk.evidence.count)
        for (told, known) in zip(info.riskEvidence, risk.evidence) {
            #expect(told.metric == known.metric.text && told.detail == known.detail)
            #expect(told.risk == known.risk && told.sinceUs == known.since.microseconds)
        }
        #expect(info.riskEvidence.first?.metric == "GPU 1 errors")
        #expect(info.riskEvidence.first?.sinceUs == Self.moment(20_000).wall.microseconds)
    }

    @Test func `a node that is well has no evidence, and one that was not heard yet no risk`() throws {
        let well = Noizylab_Grid_NodeInfo(try Self.view(errors: [4, 4]))
        #expect(well.riskLevel == "normal" && well.risk == 0 && well.riskEvidence.isEmpty && !well.isAvoided)

        let unheard = Noizylab_Grid_NodeInfo(try Self.view(errors: []))
        #expect(unheard.riskLevel.isEmpty && unheard.riskEvidence.isEmpty)
    }

    @Test func `heat, throttling and errors come through the wire as they were measured`() {
        var sample = NodeSample(gpus: [GPUSample(index: 0, temperatureCelsius: 91), GPUSample(index: 1)])
        sample.temperatureCelsius = 72.5
        sample.isThrottled = true
        sample.gpus[0].isThrottled = true
        sample.gpus[0].errorCount = 0
        var inventory = NodeInventory(os: "linux", cores: 4)
        inventory.requiresSignatures = true

        #expect(Noizylab_Grid_NodeSample(sample).model() == sample)
        #expect(Noizylab_Grid_NodeInventory(inventory).model() == inventory)
    }
}
