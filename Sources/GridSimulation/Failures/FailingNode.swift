import GridLogic
import GridModel

/// A recurring trouble: how often, how long; the one that is next or under way. Microseconds.
struct Span: Sendable {
    private let gap: Double
    private let length: Double
    private(set) var start = Int64.max
    private(set) var end = Int64.max
    /// The last ones, for those who ask a little late.
    private var past: [(start: Int64, end: Int64)] = []

    init(perHour: Double, milliseconds: Double, _ chance: inout SplitMix64) {
        gap = perHour > 0 ? 3_600_000_000 / perHour : 0
        length = max(0, milliseconds) * 1_000
        if gap > 0 { draw(after: 0, &chance) }
    }

    /// Whether `time` falls into one.
    mutating func covers(_ time: Int64, _ chance: inout SplitMix64) -> Bool { delayed(time, &chance) != time }

    /// `time`, or the end of the trouble that it falls into. May go back by as much as four troubles ago.
    mutating func delayed(_ time: Int64, _ chance: inout SplitMix64) -> Int64 {
        while end <= time { draw(after: end, &chance) }
        if start <= time { return end }
        for span in past where span.start <= time && time < span.end { return span.end }
        return time
    }

    private mutating func draw(after time: Int64, _ chance: inout SplitMix64) {
        if start < .max {
            past.append((start, end))
            if past.count > 4 { past.removeFirst() }
        }
        start = time + Int64(gap * chance.exponential())
        end = start + 1 + Int64(length * chance.exponential())
    }
}

extension SplitMix64 {
    /// Of mean 1, by von Neumann's comparison of uniform numbers (1951): needs no logarithm, which the standard library
    /// does not have.
    mutating func exponential() -> Double {
        var whole = 0.0
        while true {
            let first = fraction()
            var last = first
            var isEven = true
            while true {
                let next = fraction()
                if next >= last { break }
                last = next
                isEven.toggle()
            }
            if isEven { return whole + first }
            whole += 1
        }
    }
}

/// A node that sends heartbeats and answers questions, through pauses, losses and outages, and dies now and then.
struct FailingNode: Sendable {
    enum Arrival: Sendable {
        case heartbeat
        case answer(UInt64)
        case died
        /// The coordinator sees that its connection closed.
        case closed
        /// It was mended, and says hello.
        case back
    }

    var watch = NodeWatch()
    /// When the coordinator looks at it.
    var look = Int64.max
    /// Not looked at before: the brake or the coordinator's own absence holds it.
    var heldUntil: Int64 = 0
    /// Nil while it lives.
    private(set) var diedAt: Int64?
    private(set) var isCrash = false
    private var chance: SplitMix64
    private var pauses: Span
    private var stalls: Span
    private var outages: Span
    private var deaths: Span
    private var beatAt: Int64
    private var beatArrival = Int64.max
    private var answers: [(at: Int64, number: UInt64)] = []
    private var eventAt = Int64.max
    private var event = Arrival.died

    init(_ options: FailureOptions, seed: UInt64, at start: Int64) {
        chance = SplitMix64(seed: seed)
        pauses = Span(perHour: options.pausesPerHour, milliseconds: options.pauseMilliseconds, &chance)
        stalls = Span(
            perHour: options.isThreadShared ? options.stallsPerHour : 0, milliseconds: options.stallMilliseconds,
            &chance)
        outages = Span(perHour: options.outagesPerHour, milliseconds: options.outageMilliseconds, &chance)
        deaths = Span(perHour: options.deathsPerMonth / 720, milliseconds: 1, &chance)
        beatAt = start
        eventAt = deaths.start
        sendBeat(options)
    }

    /// The next thing that reaches the coordinator, or happens to the node.
    var arrival: Int64 { min(beatArrival, eventAt, answers.first?.at ?? .max) }

    mutating func takeArrival(_ options: FailureOptions) -> Arrival {
        let now = arrival
        if let first = answers.first, first.at == now {
            answers.removeFirst()
            return .answer(first.number)
        }
        if eventAt == now { return live(at: now, options) }
        sendBeat(options)
        return .heartbeat
    }

    /// Death, what the coordinator sees of it, and the return after some minutes.
    private mutating func live(at now: Int64, _ options: FailureOptions) -> Arrival {
        switch event {
        case .died:
            diedAt = now
            isCrash = chance.below(2) == 0
            beatArrival = .max
            answers = []
            let returns = now + 120_000_000 + Int64(120_000_000 * chance.exponential())
            (event, eventAt) = isCrash ? (.closed, now + 200 + delay(options)) : (.back, returns)
            return .died
        case .closed:
            (event, eventAt) = (.back, now + 120_000_000 + Int64(120_000_000 * chance.exponential()))
            return .closed
        case .back, .heartbeat, .answer:
            diedAt = nil
            _ = deaths.covers(now, &chance)
            (event, eventAt) = (.died, max(deaths.start, now + 1_000_000))
            beatAt = now
            sendBeat(options)
            return .back
        }
    }

    /// The next heartbeat that gets through.
    private mutating func sendBeat(_ options: FailureOptions) {
        while true {
            beatAt += options.heartbeatMilliseconds * 1_000
            let sent = awake(at: beatAt)
            if sent > beatAt { beatAt = sent }
            if let arrives = travel(sent, options) {
                beatArrival = arrives
                return
            }
        }
    }

    /// A question on its way; its answer, if both get through, in its time.
    mutating func probe(_ number: UInt64, at now: Int64, _ options: FailureOptions) {
        guard diedAt == nil, let asked = travel(now, options), let back = travel(awake(at: asked), options) else {
            return
        }
        guard eventAt > back || event.isNoDeath else { return }
        answers.append((back, number))
        answers.sort { $0.at < $1.at }
    }

    private mutating func awake(at time: Int64) -> Int64 {
        stalls.delayed(pauses.delayed(time, &chance), &chance)
    }

    /// When it arrives; nil when it is lost.
    private mutating func travel(_ time: Int64, _ options: FailureOptions) -> Int64? {
        if chance.fraction() < options.loss { return nil }
        if outages.covers(time, &chance) { return nil }
        return time + delay(options)
    }

    private mutating func delay(_ options: FailureOptions) -> Int64 {
        200 + Int64(options.jitterMilliseconds * 1_000 * chance.exponential())
    }
}

extension FailingNode.Arrival {
    /// Answers that arrive after a death that is still to come were sent in vain.
    fileprivate var isNoDeath: Bool {
        if case .died = self { false } else { true }
    }
}
