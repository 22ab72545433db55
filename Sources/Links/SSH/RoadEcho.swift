/// Measures how long the other end of a road takes to answer: one question at a time, a new one for each sample that came.
struct RoadEcho {
    private var number = 0
    private var askedAt: ContinuousClock.Instant?
    /// Of the last answer; 0 before the first.
    private(set) var microseconds: Int64 = 0

    /// The line to send; nil while an answer is awaited.
    mutating func ask(at now: ContinuousClock.Instant) -> String? {
        guard askedAt == nil else { return nil }
        number += 1
        askedAt = now
        return "ping \(number)\n"
    }

    mutating func answered(_ text: some StringProtocol, at now: ContinuousClock.Instant) {
        guard let askedAt, Int(text) == number else { return }
        self.askedAt = nil
        let took = (now - askedAt).components
        microseconds = max(1, took.seconds * 1_000_000 + took.attoseconds / 1_000_000_000_000)
    }
}
