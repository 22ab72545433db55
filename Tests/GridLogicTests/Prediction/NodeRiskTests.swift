import GridLogic
import GridModel
import Testing

struct NodeRiskTests {
    private static func moment(_ seconds: Double) -> Moment {
        Moment(
            monotonic: MonotonicTime(nanoseconds: Int64(seconds * 1e9)),
            wall: Timestamp(microseconds: 1_700_000_000_000_000 + Int64(seconds * 1e6)))
    }

    /// A node that beats every two seconds for `hours`, with a sample that `change` makes of the usual one.
    private static func watched(
        hours: Double, risk start: NodeRisk = NodeRisk(), from: Double = 0,
        change: (Double, inout NodeSample) -> Void = { _, _ in }
    ) -> NodeRisk {
        var risk = start
        var random = SplitMix64(seed: 5)
        for beat in 0..<Int(hours * 1_800) {
            let seconds = from + Double(beat) * 2
            let noise = Double(random.next() % 1_000) / 1_000
            var sample = NodeSample(
                cpuPercent: 30 + 20 * noise, memoryPercent: 50 + 2 * noise, diskFreeBytes: 500 << 30,
                gpus: [GPUSample(index: 0, temperatureCelsius: 60 + 5 * noise)],
                roundTripMicroseconds: 400 + Int64(100 * noise))
            change(seconds, &sample)
            risk.observe(sample, at: moment(seconds))
        }
        return risk
    }

    private static func assess(_ risk: NodeRisk, at seconds: Double) -> RiskAssessment {
        var risk = risk
        return risk.assess(at: moment(seconds).monotonic)
    }

    @Test func `a healthy node has no risk worth naming`() {
        let found = Self.assess(Self.watched(hours: 6), at: 6 * 3_600)

        #expect(found.level == .normal)
        #expect(found.risk < 0.3)
        let unknown = Self.assess(NodeRisk(), at: 0)
        #expect(unknown.level == .normal && unknown.risk == 0 && unknown.evidence.isEmpty)
    }

    @Test func `a disk that runs full is told with its date`() throws {
        // 100 GiB an hour: 500 GiB are gone after five hours.
        let risk = Self.watched(hours: 4.5) { $1.diskFreeBytes = (500 << 30) - Int64($0 * 29.83e6) }

        let found = Self.assess(risk, at: 4.5 * 3_600)

        let evidence = try #require(found.evidence.first)
        #expect(found.level == .high)
        #expect(evidence.text == "disk: full in 0.5 h at this rate")
        #expect(evidence.since < Self.moment(1_200).wall)
    }

    @Test func `a disk that is freed, or only trembles, is no risk`() {
        let sawtooth = Self.watched(hours: 4) { $1.diskFreeBytes = (500 << 30) - (Int64($0) % 600) << 24 }

        #expect(!Self.assess(sawtooth, at: 4 * 3_600).evidence.contains { $0.metric == .disk })
    }

    @Test func `heat never seen before is unusual, says since when, and fades`() throws {
        let calm = Self.watched(hours: 3)
        let hot = Self.watched(hours: 0.1, risk: calm, from: 3 * 3_600) { $1.gpus[0].temperatureCelsius = 93 }

        let found = Self.assess(hot, at: 3 * 3_600 + 360)

        let evidence = try #require(found.evidence.first { $0.metric == .gpuTemperature(index: 0) })
        #expect(evidence.detail.hasPrefix("93 °C is unusual (0."))
        #expect(evidence.since >= Self.moment(3 * 3_600).wall && evidence.since <= Self.moment(3 * 3_600 + 60).wall)
        #expect(found.level != .high)
        #expect(!Self.assess(hot, at: 6 * 3_600).evidence.contains { $0.metric == .gpuTemperature(index: 0) })
    }

    @Test func `GPU errors beyond those counted before make a node high risk, and a restarted driver counts anew`() {
        var risk = NodeRisk()
        risk.gpuErrors(0, total: 12, at: Self.moment(0))
        #expect(Self.assess(risk, at: 1).risk == 0)

        risk.gpuErrors(0, total: 13, at: Self.moment(10))

        #expect(Self.assess(risk, at: 11).level == .high)
        #expect(Self.assess(risk, at: 11).evidence.map(\.text) == ["GPU 0 errors: 1 uncorrectable or Xid lately"])
        #expect(Self.assess(risk, at: 5 * 3_600).level == .normal)

        risk.gpuErrors(0, total: 2, at: Self.moment(5 * 3_600))
        #expect(Self.assess(risk, at: 5 * 3_600 + 1).level == .high)
    }

    @Test func `heartbeats tell of throttling and of GPU errors`() {
        var risk = NodeRisk(learnsUsual: false)
        var sample = NodeSample(gpus: [GPUSample(index: 0), GPUSample(index: 1)])
        sample.gpus[1].errorCount = 4
        risk.observe(sample, at: Self.moment(0))
        #expect(Self.assess(risk, at: 0).evidence.isEmpty)

        sample.isThrottled = true
        sample.gpus[0].isThrottled = true
        for beat in 0..<400 { risk.observe(sample, at: Self.moment(1 + Double(beat) / 2)) }
        let slowed = Self.assess(risk, at: 201)
        sample.gpus[1].errorCount = 5
        risk.observe(sample, at: Self.moment(202))

        #expect(
            slowed.evidence.map(\.text) == [
                "GPU 0 throttling: slowed for its heat or power", "throttling: slowed for its heat or power",
            ])
        #expect(slowed.evidence.allSatisfy { $0.risk == 0.5 && $0.since == Self.moment(1).wall })
        #expect(Self.assess(risk, at: 203).level == .high)
        #expect(Self.assess(risk, at: 203).evidence.first?.metric == .gpuErrors(index: 1))
    }

    @Test func `a moment of throttling is no matter`() {
        var risk = NodeRisk(learnsUsual: false)
        var sample = NodeSample()
        sample.isThrottled = true
        for beat in 0..<10 { risk.observe(sample, at: Self.moment(Double(beat) / 2)) }

        #expect(Self.assess(risk, at: 5).risk <= 0.06)
    }

    @Test func `what no card can say is not believed`() {
        var sample = NodeSample(gpus: [GPUSample(index: 0, temperatureCelsius: .infinity)])
        sample.temperatureCelsius = .nan
        sample.gpus[0].errorCount = .min

        let sane = sample.clamped

        #expect(sane.temperatureCelsius == 0 && sane.gpus[0].temperatureCelsius == 0)
        #expect(sane.gpus[0].errorCount == 0)
    }

    @Test(arguments: [(1, RiskLevel.normal), (2, .elevated), (5, .high)])
    func `a connection that keeps breaking is worse each time`(losses: Int, level: RiskLevel) {
        var risk = NodeRisk()
        for loss in 0..<losses { risk.connectionLost(at: Self.moment(Double(loss) * 20)) }

        #expect(Self.assess(risk, at: Double(losses) * 20).level == level)
        #expect(Self.assess(risk, at: 2 * 3_600).level == .normal)
    }

    @Test func `tasks that fail more than they used to there are told, a steady share is not`() throws {
        var steady = NodeRisk()
        var broken = NodeRisk()
        for end in 0..<2_000 {
            let moment = Self.moment(Double(end) * 30)
            steady.attemptEnded(isFailure: end % 3 == 0, at: moment)
            broken.attemptEnded(isFailure: end % 50 == 0 || end >= 1_985, at: moment)
        }

        #expect(Self.assess(steady, at: 60_000).risk == 0)
        let found = Self.assess(broken, at: 60_000)
        #expect(found.level == .high)
        let evidence = try #require(found.evidence.first)
        #expect(evidence.metric == .taskFailures)
        #expect(evidence.since >= Self.moment(1_985 * 30).wall)
    }

    @Test func `high stays high until it is clearly over`() {
        var risk = NodeRisk()
        risk.gpuErrors(0, total: 0, at: Self.moment(0))
        risk.gpuErrors(0, total: 1, at: Self.moment(1))
        var last = RiskLevel.high
        var changes = 0
        for second in stride(from: 2.0, to: 6 * 3_600, by: 60) {
            let level = risk.assess(at: Self.moment(second).monotonic).level
            if level != last { changes += 1 }
            last = level
        }

        #expect(changes == 2)
        #expect(last == .normal)
    }

    @Test func `without memory for what is usual, facts are told all the same`() {
        var full = Self.watched(hours: 3)
        var poor = Self.watched(hours: 3, risk: NodeRisk(learnsUsual: false))
        for beat in 0..<200 {
            let seconds = 3 * 3_600 + Double(beat) * 2
            let sample = NodeSample(
                memoryPercent: 99, diskFreeBytes: 500 << 30, gpus: [GPUSample(index: 0, temperatureCelsius: 99)])
            full.observe(sample, at: Self.moment(seconds))
            poor.observe(sample, at: Self.moment(seconds))
        }

        let (found, facts) = (Self.assess(full, at: 11_201), Self.assess(poor, at: 11_201))

        #expect(facts.evidence.map(\.text) == ["memory: 99 % in use"])
        #expect(found.evidence.count > 1 && found.evidence.contains(facts.evidence[0]))
    }

    @Test func `a metric that changes after hours of standing still is unusual at once`() {
        let still = Self.watched(hours: 1) { $1.cpuPercent = 1 }

        let busy = Self.watched(hours: 0.02, risk: still, from: 3_600) { $1.cpuPercent = 90 }

        #expect(Self.assess(busy, at: 3_672).evidence.contains { $0.metric == .cpu })
    }

    @Test func `elevated stays elevated until it is clearly over`() {
        var risk = NodeRisk()
        for loss in 0..<2 { risk.connectionLost(at: Self.moment(Double(loss))) }
        let levels = stride(from: 2.0, to: 3_600, by: 10).map { Self.assessKeeping(&risk, at: $0) }

        #expect(levels.first?.level == .elevated)
        #expect(levels.contains { $0.level == .elevated && $0.risk < 0.3 })
        #expect(levels.last?.level == .normal)
        #expect(!levels.contains { $0.level == .elevated && $0.risk < 0.2 })
    }

    private static func assessKeeping(_ risk: inout NodeRisk, at seconds: Double) -> RiskAssessment {
        risk.assess(at: moment(seconds).monotonic)
    }

    @Test func `a node that lies or whose clock jumps harms nothing`() {
        var risk = NodeRisk()
        var random = SplitMix64(seed: 11)
        for _ in 0..<2_000 {
            let number = Double(bitPattern: random.next())
            let integer = Int64(bitPattern: random.next())
            let sample = NodeSample(
                cpuPercent: number, memoryPercent: -number, memoryAvailableBytes: integer, diskFreeBytes: integer,
                gpus: (0..<100).map {
                    GPUSample(index: $0 &* Int(truncatingIfNeeded: integer), temperatureCelsius: number)
                },
                roundTripMicroseconds: integer)
            let moment = Moment(
                monotonic: MonotonicTime(nanoseconds: Int64(random.next() >> 2)), wall: Timestamp(microseconds: integer)
            )
            risk.observe(sample, at: moment)
            risk.gpuErrors(Int(truncatingIfNeeded: integer), total: integer, at: moment)
            risk.gpuThrottles(3, at: moment)
            let found = risk.assess(at: moment.monotonic)
            #expect(found.risk >= 0 && found.risk <= 1)
            #expect(found.evidence.count < 100)
        }
    }
}
