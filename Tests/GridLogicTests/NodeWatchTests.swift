import GridLogic
import GridModel
import Testing

/// The judge of one node's life, in listening time.
@Suite struct NodeWatchTests {
    private static let rule = LivenessRule(GridSettings())

    private static func at(_ milliseconds: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: milliseconds * 1_000_000)
    }

    /// Looks whenever it is due, until `end` or until it is given up; what it said, with its times.
    private static func look(_ watch: inout NodeWatch, until end: Int64) -> [(Int64, NodeWatch.Step)] {
        var steps: [(Int64, NodeWatch.Step)] = []
        while let due = watch.nextLook(rule), due <= at(end) {
            let step = watch.look(at: due, rule)
            steps.append((due.nanoseconds / 1_000_000, step))
            if case .giveUp = step { break }
        }
        return steps
    }

    @Test func `silence makes suspect, six questions follow, then it is given up`() {
        var watch = NodeWatch()
        watch.heard(at: Self.at(0), Self.rule)

        let steps = Self.look(&watch, until: 60_000)

        #expect(steps.map(\.0) == [1_100, 1_100, 1_200, 1_300, 1_400, 1_500, 1_600, 1_800])
        #expect(steps.first?.1 == .becameSuspect(silentMilliseconds: 1_100))
        #expect(steps.last?.1 == .giveUp(silentMilliseconds: 1_800))
        #expect(watch.phase == .suspect, "giving up is for the caller to decide")
    }

    @Test func `any word ends a suspicion`() {
        var watch = NodeWatch()
        watch.heard(at: Self.at(0), Self.rule)
        _ = Self.look(&watch, until: 1_550)

        watch.heard(at: Self.at(1_560), Self.rule)

        #expect(watch.phase == .online)
        #expect(watch.nextLook(Self.rule) == Self.at(2_660))
    }

    @Test func `a node that answers slowly for a while is waited for`() {
        var watch = NodeWatch()
        watch.heard(at: Self.at(-10_000), Self.rule)
        for beat in -18..<0 as Range<Int64> { watch.roundTrip(microseconds: 1_500_000, at: Self.at(beat), Self.rule) }
        #expect((1_000...1_100).contains(watch.answer.milliseconds) && watch.isSlow(Self.rule))

        watch.heard(at: Self.at(0), Self.rule)
        let last = Self.look(&watch, until: 60_000).last?.0 ?? 0
        #expect((1_600 + 4_000...1_600 + 4_400).contains(last))
    }

    @Test func `a late answer teaches, and what it measures of its own absence does not`() {
        var watch = NodeWatch()
        watch.heard(at: Self.at(0), Self.rule)
        _ = Self.look(&watch, until: 1_100)
        watch.heard(at: Self.at(1_740), answering: 1, Self.rule)
        #expect(watch.answer.milliseconds == 40)

        watch.lost(at: Self.at(5_000))
        watch.heard(at: Self.at(9_000), answering: 1, Self.rule)
        watch.roundTrip(microseconds: 7_000_000, at: Self.at(9_001), Self.rule)
        #expect(watch.answer.milliseconds == 40)
    }

    @Test func `nobody becomes immortal by what they claim`() {
        var watch = NodeWatch()
        for _ in 0..<1_000 { watch.roundTrip(microseconds: .max, at: Self.at(-1), Self.rule) }
        watch.heard(at: Self.at(0), Self.rule)

        let steps = Self.look(&watch, until: 3_600_000)

        #expect((steps.last?.0 ?? .max) < 18_000)
    }

    @Test func `only an answer time that is out of the ordinary is kept`() {
        var watch = NodeWatch()
        for _ in 0..<50 { watch.roundTrip(microseconds: 40_000, at: Self.at(0), Self.rule) }
        #expect(watch.answer.worthKeeping(insteadOf: 0) == 0)

        for _ in 0..<100 { watch.roundTrip(microseconds: 900_000, at: Self.at(0), Self.rule) }
        #expect(watch.answer.worthKeeping(insteadOf: 0) == 1_024)
        #expect(AnswerTime(milliseconds: 300).worthKeeping(insteadOf: 1_024) == 1_024, "not far off")
        #expect(AnswerTime(milliseconds: 200).worthKeeping(insteadOf: 1_024) == 256)
        #expect(AnswerTime(milliseconds: 20).worthKeeping(insteadOf: 1_024) == 0)
    }

    @Test func `a closed connection gives a moment to come back`() {
        var watch = NodeWatch()
        watch.heard(at: Self.at(0), Self.rule)
        watch.closed(at: Self.at(100))

        let steps = Self.look(&watch, until: 60_000)

        #expect(steps.map(\.0) == [250])
        #expect(steps.last?.1 == .giveUp(silentMilliseconds: 250))
    }

    @Test func `the word of another node helps, to a limit`() {
        var watch = NodeWatch()
        watch.heard(at: Self.at(0), Self.rule)
        _ = Self.look(&watch, until: 1_300)

        watch.vouched(at: Self.at(1_350))
        let first = Self.look(&watch, until: 60_000).last?.0
        #expect(first == 2_350)
        for time in stride(from: 2_400, to: 10_000, by: 500) { watch.vouched(at: Self.at(Int64(time))) }
        #expect(watch.look(at: Self.at(4_000), Self.rule) == .giveUp(silentMilliseconds: 4_000))
    }

    @Test func `what was learned is recalled`() {
        var watch = NodeWatch()
        watch.recall(AnswerTime(milliseconds: 1_024))
        watch.heard(at: Self.at(0), Self.rule)

        #expect(watch.isSlow(Self.rule))
        #expect((Self.look(&watch, until: 60_000).last?.0 ?? 0) == 1_600 + 4_096)
    }
}

@Suite struct HearingTests {
    private static func moment(_ milliseconds: Int64, wall: Int64? = nil) -> Moment {
        Moment(
            monotonic: MonotonicTime(nanoseconds: milliseconds * 1_000_000),
            wall: Timestamp(microseconds: (wall ?? milliseconds) * 1_000))
    }

    private static func due(_ milliseconds: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: milliseconds * 1_000_000)
    }

    @Test func `being late is taken out of the listening time, once`() {
        var hearing = Hearing(GridSettings())
        hearing.awake(at: Self.moment(0), due: nil)
        hearing.awake(at: Self.moment(31_000), due: Self.due(1_000))
        hearing.awake(at: Self.moment(31_000), due: Self.due(1_000))

        #expect(hearing.listening(at: Self.due(31_000)) == Self.due(500), "and half a second to rub the eyes")
        #expect(hearing.due(Self.due(1_500)) == Self.due(32_000))
        #expect(hearing.settledAt == Self.due(46_000), "nobody is given up for a while")
    }

    @Test func `a little lateness is ordinary`() {
        var hearing = Hearing(GridSettings())
        hearing.awake(at: Self.moment(0), due: nil)
        #expect(hearing.awake(at: Self.moment(1_090), due: Self.due(1_000)) == 0)
        #expect(hearing.listening(at: Self.due(1_090)) == Self.due(1_090))
    }

    @Test func `event loops that stood still heard nothing`() {
        var hearing = Hearing(GridSettings())
        hearing.awake(at: Self.moment(1_000), due: nil)
        hearing.missed(since: Self.due(700), at: Self.due(1_600))  // 600 ms of it are new

        #expect(hearing.listening(at: Self.due(1_600)) == Self.due(1_000), "what came before 1000 was heard")
    }

    @Test(arguments: [3_600_000, -3_600_000] as [Int64])
    func `a clock that jumped may have been a sleep`(jump: Int64) {
        var hearing = Hearing(GridSettings())
        hearing.awake(at: Self.moment(1_000), due: nil)
        hearing.awake(at: Self.moment(1_010, wall: 1_010 + jump), due: nil)

        #expect(hearing.settledAt == Self.due(16_010))
        #expect(hearing.listening(at: Self.due(1_010)) == Self.due(1_010))
    }

    @Test func `clocks at the ends of their ranges do not trap`() {
        var hearing = Hearing(GridSettings())
        hearing.awake(at: Self.moment(1), due: nil)
        hearing.awake(
            at: Moment(monotonic: Self.due(2), wall: Timestamp(microseconds: .max)), due: nil)
        hearing.awake(
            at: Moment(monotonic: Self.due(3), wall: Timestamp(microseconds: .min)), due: nil)
    }
}
