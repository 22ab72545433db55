import GridLogic
import GridModel

/// Saying what was decided, once it may be said.
extension LoopRun {
    mutating func release(_ effect: GridEffect, _ now: MonotonicTime) {
        switch effect {
        case .accepted(let token, let task, let isNew): accepted(token, task, isNew: isNew, now)
        case .answered(let token, let answer): requests.removeValue(forKey: token)?(.success(answer))
        case .refused(let token, let refusal): refuse(token, refusal)
        case .order(_, let session, let order): delivery.add(order, to: session)
        case .probe(_, let session, let number): delivery.add(.probe(number), to: session)
        case .askOthers(let name, let helpers):
            guard let pulse = links.newest(of: name)?.pulse else { return }
            for helper in helpers { delivery.add(.reach(name, pulse), to: helper) }
        case .taskChanged(let task):
            noteLost(task)
            tell(task.id, .state(task))
        case .progress(let ref, let percent, let stage):
            tell(ref.task, .progress(ref, percent: percent, stage: stage))
        case .taskSettled(let task): settled(task, now)
        case .saveTask, .saveNode, .deleteNode, .emit:
            preconditionFailure("written, not said: \(effect)")
        }
    }

    private mutating func accepted(_ token: RequestToken, _ task: GridTask, isNew: Bool, _ now: MonotonicTime) {
        guard let asked = asked.removeValue(forKey: token) else { return }
        let submission = asked.submission
        delivery.add(.accepted(ref: submission.ref, task, isNew: isNew), to: asked.sink)
        if submission.wantsResult {
            var hops = HopTimes(arrivedAt: submission.arrivedAt)
            hops.acceptedAt = asked.acceptedAt
            hops.committedAt = now
            origins[task.id, default: []].append(Origin(ref: submission.ref, sink: asked.sink, hops: hops))
        }
        if let feed = submission.feed {
            feeds[task.id, default: []].append(feed)
            feed.push(.state(task))
        }
    }

    mutating func refuse(_ token: RequestToken, _ refusal: Refusal) {
        if let asked = asked.removeValue(forKey: token) {
            delivery.add(.refused(ref: asked.submission.ref, refusal), to: asked.sink)
        } else {
            requests.removeValue(forKey: token)?(.failure(refusal))
        }
    }

    private func tell(_ id: TaskID, _ news: TaskFeed.News) {
        guard let list = feeds[id] else { return }
        for feed in list { feed.push(news) }
    }

    /// Of the newest attempts, the older may have been lost when the newer was made. May be told twice.
    private func noteLost(_ task: GridTask) {
        for attempt in task.attempts.suffix(2) where attempt.outcome?.end == .lost {
            attemptLost(AttemptRef(task: task.id, epoch: attempt.epoch))
        }
    }

    private mutating func settled(_ task: GridTask, _ now: MonotonicTime) {
        noteLost(task)
        if let waiting = origins.removeValue(forKey: task.id) {
            for origin in waiting {
                var hops = origin.hops
                hops.settledAt = now
                delivery.add(.settled(ref: origin.ref, task, hops), to: origin.sink)
            }
        }
        if let list = feeds.removeValue(forKey: task.id) {
            for feed in list { feed.push(.state(task)) }
        }
    }
}
