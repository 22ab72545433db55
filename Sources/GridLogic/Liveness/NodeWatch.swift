package import GridModel

/// Whether one node is there, judged by what was heard of it. The grid machine and the simulator of failures ask the
/// same object. All times are listening times.
///
/// `online → suspect` on silence; while suspect it is asked again and again, and any word makes it `online`.
/// `suspect → offline` when neither silence nor questions brought a word. `→ cutOff` when its connection closes: a
/// process that lives dials in again at once, so the next is `online` or, after a short grace, `offline`. `awaited` after
/// the coordinator's own start. `offline → online` when it says hello, or when a session that was only silent speaks.
package struct NodeWatch: Sendable {
    package enum Phase: Hashable, Sendable {
        case online
        /// The session is open and nothing comes.
        case suspect
        /// The session closed.
        case cutOff
        /// Not heard since the coordinator started, and attempts of its are alive.
        case awaited
        /// Lost: what it ran moves, as each task wants it.
        case offline

        package var liveness: NodeLiveness {
            switch self {
            case .online: .online
            case .suspect, .cutOff, .awaited: .suspect
            case .offline: .offline
            }
        }
    }

    /// What is to be done after a look.
    package enum Step: Hashable, Sendable {
        case wait
        /// It just became suspect; look again at once.
        case becameSuspect(silentMilliseconds: Int64)
        /// Ask it, by this number. `askOthers`: ask other nodes about it, too.
        case probe(UInt64, askOthers: Bool)
        /// Its time is up; `lost` if nothing speaks against it.
        case giveUp(silentMilliseconds: Int64)
    }

    package private(set) var phase = Phase.offline
    package private(set) var answer = AnswerTime()
    package private(set) var heardAt: MonotonicTime?
    /// Since when it is in its phase.
    private var since = MonotonicTime(nanoseconds: 0)
    /// Not given up before this.
    private var bearUntil = MonotonicTime(nanoseconds: .min)
    /// When the questions of this suspicion were asked.
    private var askedAt: [MonotonicTime] = []
    private var lastProbe: UInt64 = 0
    private var vouchedAt: MonotonicTime?
    /// When it was last heard again after it was gone.
    private var returnedAt: MonotonicTime?

    package init() {}

    /// What was known of it before the coordinator's start.
    package mutating func recall(_ known: AnswerTime) { answer = known }

    // MARK: what is heard

    /// A word of it, whatever it is. `answering`: the number of a question that it answers.
    package mutating func heard(at now: MonotonicTime, answering number: UInt64? = nil, _ rule: LivenessRule) {
        if let number, phase == .suspect, number <= lastProbe, number + UInt64(askedAt.count) > lastProbe {
            let index = askedAt.count - 1 - Int(lastProbe - number)
            learn(now.nanoseconds - askedAt[index].nanoseconds, rule)
        }
        if phase != .online, phase != .suspect { returnedAt = now }
        enter(.online, at: now)
        heardAt = now
        askedAt.removeAll(keepingCapacity: true)
        vouchedAt = nil
    }

    /// It measured how long we took to answer each other. What it measures just after it was gone is its absence.
    package mutating func roundTrip(microseconds: Int64, at now: MonotonicTime, _ rule: LivenessRule) {
        if let returnedAt, now < returnedAt.advanced(byMilliseconds: Self.returnMilliseconds) { return }
        learn(microseconds.multipliedSaturated(by: 1_000), rule)
    }

    /// Its connection closed.
    package mutating func closed(at now: MonotonicTime) {
        askedAt.removeAll(keepingCapacity: true)
        enter(.cutOff, at: now)
    }

    /// The coordinator started and does not know.
    package mutating func awaited(at now: MonotonicTime) { enter(.awaited, at: now) }

    /// Another node reaches it though we do not.
    package mutating func vouched(at now: MonotonicTime) {
        if phase == .suspect { vouchedAt = now }
    }

    /// It is given up, or removed.
    package mutating func lost(at now: MonotonicTime) { enter(.offline, at: now) }

    /// Not given up before it had this much longer to be heard.
    package mutating func bear(until time: MonotonicTime) { bearUntil = max(bearUntil, time) }

    private mutating func enter(_ next: Phase, at now: MonotonicTime) {
        if phase != next { since = now }
        phase = next
    }

    private mutating func learn(_ nanoseconds: Int64, _ rule: LivenessRule) {
        answer.learn(microseconds: nanoseconds / 1_000, limitMilliseconds: rule.learnedLimit)
    }

    // MARK: judging

    package func isSlow(_ rule: LivenessRule) -> Bool { answer.milliseconds >= rule.slowAfter }

    /// When it is to be looked at again; nil: when something is heard.
    package func nextLook(_ rule: LivenessRule) -> MonotonicTime? {
        switch phase {
        case .online: (heardAt ?? since).advanced(byMilliseconds: rule.suspectAfter)
        case .suspect: min(nextProbe(rule), timeUp(rule))
        case .cutOff:
            max(bearUntil, since.advanced(byMilliseconds: rule.closedGrace(answer: answer.milliseconds)))
        case .awaited: max(bearUntil, since.advanced(byMilliseconds: rule.recoveryGrace))
        case .offline: nil
        }
    }

    /// Decides; `giveUp` is only advice and leaves it as it was.
    package mutating func look(at now: MonotonicTime, _ rule: LivenessRule) -> Step {
        guard let due = nextLook(rule), due <= now else { return .wait }
        let silence = heardAt.map { now.milliseconds(since: $0) } ?? now.milliseconds(since: since)
        switch phase {
        case .online:
            enter(.suspect, at: now)
            return .becameSuspect(silentMilliseconds: silence)
        case .suspect where timeUp(rule) > now:
            lastProbe += 1
            askedAt.append(now)
            // Others are asked while there is time for their answers.
            let mayAsk = askedAt.count == 2 || (askedAt.count > rule.probeBurst && vouchedAt != nil)
            return .probe(lastProbe, askOthers: mayAsk)
        case .suspect, .cutOff, .awaited:
            return .giveUp(silentMilliseconds: silence)
        case .offline:
            return .wait
        }
    }

    /// A burst of questions, then one now and then.
    private func nextProbe(_ rule: LivenessRule) -> MonotonicTime {
        guard let last = askedAt.last else { return since }
        let isBurst = askedAt.count < rule.probeBurst
        return last.advanced(byMilliseconds: isBurst ? rule.probeInterval : 5 * rule.probeInterval)
    }

    /// When neither silence nor unanswered questions leave any doubt.
    private func timeUp(_ rule: LivenessRule) -> MonotonicTime {
        let heard = heardAt ?? since
        // Asked late, because we were busy ourselves, is answered late.
        guard askedAt.count >= rule.probeBurst else { return .distantFuture }
        let last = askedAt[rule.probeBurst - 1]
        var time = max(
            heard.advanced(byMilliseconds: rule.lostAfter(answer: answer.milliseconds)),
            last.advanced(byMilliseconds: rule.lastWord(answer: answer.milliseconds)))
        if let vouchedAt {
            let longer = min(
                vouchedAt.advanced(byMilliseconds: rule.vouchSpan), heard.advanced(byMilliseconds: rule.vouchLimit))
            time = max(time, longer)
        }
        return max(bearUntil, time)
    }

    private static let returnMilliseconds: Int64 = 5_000
}
