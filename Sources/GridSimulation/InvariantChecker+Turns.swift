import GridLogic
import GridModel

/// The rule about clients that wait: they take turns.
extension InvariantChecker {
    /// Placements of tasks that waited, in the order they were told.
    struct Turns {
        private(set) var count = 0
        /// Somebody was given room out of turn, because of its priority: from then on nobody's turn is followed.
        var isDisturbed = false
        /// By client, of a task that surely was in the queue.
        var surely: [String: Int] = [:]
        /// By client, of any of its tasks.
        var perhaps: [String: Int] = [:]

        mutating func next() -> Int {
            count += 1
            return count
        }
    }

    /// The place of a task in the queue, for those whose whole wait was seen.
    struct Wait {
        /// Placements that had been told by then.
        let since: Int
        /// Microseconds.
        let acceptedAt: Int64
    }

    /// Nobody gets a second turn while another client's task of the same kind, no less urgent than anything the first
    /// one has, waits since before the first turn.
    mutating func checkTurn(of task: GridTask, _ model: TaskModel) {
        let turn = turns.next()
        let client = task.spec.submitter
        let previous = turns.surely[client]
        turns.perhaps[client] = turn
        guard model.wait != nil else { return }
        turns.surely[client] = turn
        // With many tasks it would take too long to look at all of them each time.
        guard settings.fairShare, isClockSteady, !turns.isDisturbed, tasks.count <= 1_000, let previous else { return }
        var urgency = task.spec.priority
        var others: [String: [TaskModel]] = [:]
        for other in tasks.values where other.state == .queued {
            if other.spec.submitter == client {
                urgency = max(urgency, other.spec.priority)
            } else if isAlike(other.spec, task.spec) {
                others[other.spec.submitter, default: []].append(other)
            }
        }
        for (name, waiting) in others where turns.perhaps[name] ?? 0 < previous {
            let first = waiting.compactMap(\.wait).count == waiting.count ? waiting.min(by: goesFirst) : nil
            guard let first, let wait = first.wait, wait.since < previous, first.spec.priority >= urgency else {
                continue
            }
            fail("8 turns", "t\(task.id.number) is the second of \(client) to be placed while one of \(name) waits")
        }
    }

    mutating func noteWait(_ task: GridTask) {
        guard task.state == .queued, task.attempts.isEmpty else { return }
        tasks[task.id.number]?.wait = Wait(since: turns.count, acceptedAt: now)
    }

    /// A clock that was set says nothing about who waited longer.
    mutating func noteSteadiness(_ offset: Int64) {
        if let clockOffset, abs(offset - clockOffset) > 1_000 { isClockSteady = false }
    }

    private func isAlike(_ left: TaskSpec, _ right: TaskSpec) -> Bool {
        left.node == right.node && left.constraint == right.constraint && left.resources == right.resources
            && left.payload.type == right.payload.type
    }

    private func goesFirst(_ left: TaskModel, _ right: TaskModel) -> Bool { urgency(left) < urgency(right) }

    private func urgency(_ model: TaskModel) -> Int64 {
        (model.wait?.acceptedAt ?? 0) - Int64(model.spec.priority) * settings.ageingMilliseconds * 1_000
    }
}
