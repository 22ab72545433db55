import GridLogic
import GridModel

/// Those who ask: they submit, repeat what is not answered under the same key, and remember what they were told.
struct SimulatedClients {
    struct Asked {
        let submission: Scenario.Submission
        var id: TaskID?
        var told: TaskState?
        var isRefused = false

        var isDone: Bool { told != nil || isRefused }
        var isDurable: Bool { submission.spec.durability == .durable }
    }

    var submissions: [Int: Asked] = [:]
    /// Submissions by the task they were told of.
    var numbers: [TaskID: [Int]] = [:]
    /// Those that were neither told of an end nor refused.
    var openCount = 0
    var keyOwners: [String: TaskID] = [:]
}

extension SimulatedGrid {
    func submit(_ submission: Scenario.Submission) {
        clients.submissions[submission.number] = SimulatedClients.Asked(submission: submission)
        clients.openCount += 1
        post(.submission(submission.number))
        if coordinator.phase == .down || options.faults > 0 {
            schedule(.clientLooks(submission: submission.number), after: 3 * Scenario.second)
        }
    }

    /// No answer: asks again when it has a key; without one it cannot know, and gives up.
    func clientLooks(_ number: Int) {
        guard let asked = clients.submissions[number], !asked.isDone else { return }
        guard asked.submission.key != nil else {
            if asked.id == nil { finishClient(number) { $0.isRefused = true } }
            return
        }
        if asked.id == nil || coordinator.store.finished[asked.id?.number ?? 0] != nil {
            post(.submission(number))
        }
        schedule(.clientLooks(submission: number), after: 3 * Scenario.second)
    }

    private func finishClient(_ number: Int, _ change: (inout SimulatedClients.Asked) -> Void) {
        guard var asked = clients.submissions[number], !asked.isDone else { return }
        change(&asked)
        clients.openCount -= 1
        // In large runs what is over is forgotten: the store still has the end of every task.
        clients.submissions[number] = options.isSmall ? asked : nil
        if !options.isSmall, let id = asked.id { clients.numbers[id] = nil }
    }

    func tellAccepted(_ number: Int, _ task: GridTask, isNew: Bool) {
        guard var asked = clients.submissions[number] else { return }
        var chance = chance(UInt64(number), UInt64(now))
        if options.faults > 0, !isCalm, chance.below(50) == 0, asked.submission.key != nil {
            note("  (the answer to s\(number) is lost)")
            return
        }
        if let id = asked.id, id != task.id, asked.isDurable, asked.submission.key != nil {
            checker.fail("6 same key", "s\(number) was told t\(id.number), and now t\(task.id.number)")
        }
        if let key = asked.submission.key, asked.isDurable, options.isSmall {
            if let owner = clients.keyOwners[key], owner != task.id {
                checker.fail("6 same key", "key \(key) named t\(owner.number), and now t\(task.id.number)")
            }
            clients.keyOwners[key] = task.id
        }
        asked.id = task.id
        clients.submissions[number] = asked
        clients.numbers[task.id, default: []].append(number)
    }

    func tellRefused(_ number: Int, _ refusal: Refusal) {
        if refusal.code == .resourceExhausted, clients.submissions[number]?.submission.key != nil {
            if options.faults == 0 { schedule(.clientLooks(submission: number), after: Scenario.second) }
            return
        }
        finishClient(number) { $0.isRefused = true }
    }

    func tellSettled(_ task: GridTask) {
        for number in clients.numbers[task.id] ?? [] {
            let asked = clients.submissions[number]
            // The key of an ephemeral task that has ended is free again.
            if let told = asked?.told, told != task.state, asked?.isDurable == true {
                checker.fail("1 one end", "s\(number) was told \(told), and now \(task.state)")
            }
            finishClient(number) { $0.told = task.state }
        }
    }

    func tellFinished(_ number: Int, _ id: TaskID, _ state: TaskState) {
        if let asked = clients.submissions[number], let known = asked.id, known != id, asked.isDurable {
            checker.fail("6 same key", "s\(number) was told t\(known.number), and now t\(id.number)")
        }
        finishClient(number) {
            $0.id = id
            $0.told = state
        }
    }

    /// Ephemeral tasks and those without a key cannot be asked for again after a crash.
    func forgetUnanswered() {
        for (number, asked) in clients.submissions where !asked.isDone {
            if !asked.isDurable || (asked.submission.key == nil && asked.id == nil) {
                finishClient(number) { $0.isRefused = true }
            }
        }
    }

    /// Durable tasks that end while nobody can be told are found in the store.
    func readStore() {
        for (number, asked) in clients.submissions where !asked.isDone {
            if let id = asked.id, let state = coordinator.store.finished[id.number] {
                finishClient(number) { $0.told = state }
            }
        }
    }

    /// Once nothing fails any more, everything must come to its end.
    func checkEnd() {
        readStore()
        let left = agents.reduce(0) { $0 + $1.attempts.count }
        let living = coordinator.mutant.machine.liveTaskCount
        if coordinator.phase == .idle, coordinator.mailbox.isEmpty, living == 0, clients.openCount == 0, left == 0 {
            checkTold()
            isOver = true
        } else if now > scenario.calmAt + 1_800 * Scenario.second {
            let stuck = coordinator.mutant.machine.liveTasks(limit: 3).map(\.id.number).map { "t\($0)" }
            checker.fail(
                "8 everything ends",
                "\(living) tasks live (\(stuck.joined(separator: " "))), \(clients.openCount) clients wait, "
                    + "\(left) attempts are left on nodes")
        } else {
            schedule(.checkEnd, after: Scenario.second)
        }
    }

    private func checkTold() {
        for (number, asked) in clients.submissions.sorted(by: { $0.key < $1.key }) {
            guard let id = asked.id, asked.isDurable else { continue }
            guard let kept = coordinator.store.finished[id.number] else {
                checker.fail("1 never lost", "s\(number) was accepted as t\(id.number), which is nowhere")
                return
            }
            if let told = asked.told, told != kept {
                checker.fail("1 one end", "s\(number) was told \(told), and t\(id.number) is kept as \(kept)")
            }
        }
        if !coordinator.store.living.isEmpty {
            checker.fail("1 never lost", "\(coordinator.store.living.count) tasks are kept alive and live nowhere")
        }
    }
}
