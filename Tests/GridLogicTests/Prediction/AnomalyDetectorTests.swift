import GridLogic
import GridModel
import Testing

struct AnomalyDetectorTests {
    private static let minute: Int64 = 60

    /// Two weeks of a busy metric at one sample in five minutes: a day's rhythm, noise, and what `change` adds.
    private static func metric(
        count: Int = 4_032, seed: UInt64 = 1, change: (Int, Double) -> Double = { $1 }
    ) -> [(seconds: Int64, value: Double)] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { index in
            let hour = index / 12 % 24
            let noise = Double(random.next() % 1_024) / 1_024
            return (Int64(index) * 5 * minute, change(index, (hour >= 9 && hour < 18 ? 60 : 20) + 4 * noise))
        }
    }

    private static func scores(_ metric: [(seconds: Int64, value: Double)]) -> [AnomalyDetector.Reading] {
        var detector = AnomalyDetector()
        return metric.map { detector.read($0.value, at: $0.seconds) }
    }

    /// After the first day: until then it cannot know what a day is like.
    private static func alarms(_ metric: [(seconds: Int64, value: Double)]) -> [Int] {
        scores(metric).enumerated().dropFirst(288).filter { $0.element.score >= AnomalyDetector.alarmScore }
            .map(\.offset)
    }

    @Test(arguments: [
        ("a peak", 3_000..<3_001, 160.0), ("a dip", 3_000..<3_001, -30),
        ("a level between the usual ones", 3_000..<3_100, 40),
        ("a stay at a level never seen", 3_000..<4_032, 90),
    ])
    func `what was never seen is told at once, and once`(name: String, when: Range<Int>, value: Double) {
        let alarms = Self.alarms(Self.metric { when.contains($0) ? value : $1 })

        #expect(
            alarms.count(where: { (when.lowerBound...when.lowerBound + 2).contains($0) }) == 1, "\(name): \(alarms)")
        #expect(alarms.count <= 2, "\(name): \(alarms)")
    }

    @Test func `a busy night is unusual though its values are everyday ones`() {
        // 02:00 to 05:00 on the twelfth day, as busy as any noon.
        let night = (11 * 288 + 24)..<(11 * 288 + 60)
        let readings = Self.scores(Self.metric { night.contains($0) ? $1 + 40 : $1 })

        let told = night.first { readings[$0].score >= AnomalyDetector.alarmScore }
        #expect(told.map { $0 < night.lowerBound + 12 } == true)
        #expect(told.flatMap { readings[$0].strongest } == .day)
    }

    @Test func `a calm metric raises no alarm, whatever its kind`() {
        #expect(Self.alarms(Self.metric(count: 20_000)).count <= 3)
        let flat = (0..<5_000).map { (seconds: Int64($0) * 300, value: 45.0) }
        let square = flat.map { (seconds: $0.seconds, value: $0.seconds / 30_000 % 2 == 0 ? 20.0 : 80.0) }
        let saw = flat.map { (seconds: $0.seconds, value: Double($0.seconds / 300 % 7)) }
        for metric in [flat, square, saw] { #expect(Self.alarms(metric).isEmpty) }
    }

    @Test(arguments: [(1.0, 1_000_000.0), (1_024, 0), (0.000_976_562_5, -5), (-2, 0), (64, 65_536)])
    func `unit and zero of the metric do not matter`(factor: Double, offset: Double) {
        // Eighths, powers of two and sums that are exact: not even the last bit may differ.
        let metric = Self.metric { $0 == 3_000 ? 150 : ($1 * 8).rounded() / 8 }
        let other = metric.map { ($0.seconds, $0.value * factor + offset) }

        if factor > 0 { #expect(Self.scores(metric) == Self.scores(other)) }
        #expect(Self.alarms(metric).contains(3_000))
        #expect(Self.alarms(other).contains(3_000))
    }

    @Test func `only the past is looked at, and the same stream gives the same scores`() {
        let metric = Self.metric { $0 % 700 == 699 ? $1 * 3 : $1 }
        let whole = Self.scores(metric)

        for count in [1, 99, 101, 1_500, 2_800] {
            #expect(Self.scores(Array(metric.prefix(count))) == Array(whole.prefix(count)))
        }
        #expect(Self.scores(metric) == whole)
    }

    @Test func `what is no number is passed over and not learnt`() {
        var detector = AnomalyDetector()
        var plain = AnomalyDetector()
        for (index, sample) in Self.metric(count: 1_000).enumerated() {
            if index % 10 == 0 {
                for value in [Double.nan, .infinity, -.infinity] {
                    let reading = detector.read(value, at: sample.seconds)
                    #expect(reading.score == 0 && reading.strongest == nil)
                }
            }
            #expect(detector.read(sample.value, at: sample.seconds) == plain.read(sample.value, at: sample.seconds))
        }
    }

    @Test func `wild numbers and a clock that jumps give scores from 0 to 1`() {
        var detector = AnomalyDetector()
        var random = SplitMix64(seed: 3)
        for _ in 0..<5_000 {
            let value = Double(bitPattern: random.next())
            let score = detector.read(value, at: Int64(bitPattern: random.next())).score
            #expect(score >= 0 && score < 1)
        }
        for value in [Double.greatestFiniteMagnitude, -Double.greatestFiniteMagnitude, 0, Double.leastNonzeroMagnitude]
        {
            #expect((0..<1).contains(detector.read(value, at: .min).score))
            #expect((0..<1).contains(detector.read(value, at: .max).score))
        }
    }

    @Test func `a detector stays small however long it runs`() {
        var detector = AnomalyDetector()
        let small = detector.byteCount
        for sample in Self.metric(count: 30_000) { _ = detector.read(sample.value, at: sample.seconds) }

        #expect(detector.byteCount == small)
        #expect(small < 64 << 10)
    }
}
