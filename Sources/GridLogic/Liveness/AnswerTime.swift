/// How long a node takes to answer on average of late: a machine that is slow for a while is waited for, and one that is
/// paused once is not.
///
/// What a node says of itself counts no further than `limit`: nobody makes themselves immortal.
package struct AnswerTime: Sendable, Hashable {
    private var microseconds: Int64 = 0

    package init(milliseconds: Int64 = 0) { microseconds = max(0, milliseconds) * 1_000 }

    package var milliseconds: Int64 { microseconds / 1_000 }

    /// A moving average: each answer counts for a sixteenth.
    mutating func learn(microseconds answer: Int64, limitMilliseconds: Int64) {
        let sane = min(max(0, answer), limitMilliseconds * 1_000)
        microseconds += (sane - microseconds) / 16
    }

    /// What is worth keeping over a restart: the power of two above it, and nothing of what is ordinary. Changes
    /// seldom, so that keeping it costs next to nothing.
    /// `kept`: what is kept now, which stays while it is not far off.
    package func worthKeeping(insteadOf kept: Int64) -> Int64 {
        if milliseconds <= kept, kept / 4 <= milliseconds { return kept }
        guard milliseconds >= 128 else { return 0 }
        var bound: Int64 = 256
        while bound < milliseconds { bound *= 2 }
        return bound
    }
}
