/// The numbers by which a node is judged. Times in milliseconds; silence is counted in listening time (`Hearing`).
///
/// Silence alone is a poor judge: at 5 % independent loss a plain time-out of 2 s is wrong hundreds of times in a
/// node-month, and so is an accrual detector (Hayashibara et al., "The φ accrual failure detector", 2004) that takes
/// lost beats for slow ones. So silence only makes suspect, which costs nothing, and then the node is asked: it is lost
/// when it leaves `probeBurst` questions unanswered as well. (Das, Gupta and Motivala, "SWIM", 2002, ask likewise, and
/// ask others for a second opinion.)
package struct LivenessRule: Sendable {
    let suspectAfter: Int64
    let lostAfter: Int64
    let probeInterval: Int64
    let probeBurst: Int
    let closedGrace: Int64
    let recoveryGrace: Int64
    let vouchSpan: Int64
    let vouchLimit: Int64
    let slowAfter: Int64
    let learnedLimit: Int64

    package init(_ settings: GridSettings) {
        suspectAfter = max(1, settings.suspectAfterMilliseconds)
        lostAfter = max(suspectAfter, settings.offlineAfterMilliseconds)
        probeInterval = max(10, settings.probeIntervalMilliseconds)
        probeBurst = max(1, settings.probeBurst)
        closedGrace = max(0, settings.reconnectGraceMilliseconds)
        recoveryGrace = max(0, settings.recoveryGraceMilliseconds)
        vouchSpan = max(0, settings.vouchSpanMilliseconds)
        vouchLimit = max(0, settings.vouchLimitMilliseconds)
        slowAfter = max(1, settings.slowAfterMilliseconds)
        learnedLimit = max(0, settings.learnedAnswerLimitMilliseconds)
    }

    /// Silence after which a node that answers as slowly as `answer` is lost.
    func lostAfter(answer: Int64) -> Int64 {
        max(lostAfter, suspectAfter + Int64(probeBurst - 1) * probeInterval + lastWord(answer: answer))
    }

    /// How long the last question of the burst has for its answer: four times the average, so that the slower half is
    /// in time too.
    func lastWord(answer: Int64) -> Int64 { max(probeInterval, 4 * answer) }

    /// A process that lives dials again at once; a slow one gets as long as it takes to answer twice.
    func closedGrace(answer: Int64) -> Int64 { max(closedGrace, 2 * answer) }
}
