import GridLogic
import GridModel

/// The rules about single tasks and attempts.
extension InvariantChecker {
    /// A task's record, wherever it shows: everything that is new in it must be allowed.
    mutating func observe(_ task: GridTask) {
        let number = task.id.number
        if tasks[number] == nil { create(task) }
        guard let index = tasks.index(forKey: number) else { return }
        let before = tasks.values[index]
        // Nothing new, the common case: the same record goes out in several effects.
        if before.attempts == task.attempts.count, before.state == task.state,
            before.isCancelRequested == task.cancelRequested,
            (before.living == nil) == (task.attempts.last?.outcome != nil || task.attempts.isEmpty),
            before.living == nil || before.living?.preemption == task.attempts.last?.preemption
        {
            return
        }
        var model = before
        if task.attempts.count < model.attempts { fail("2 epochs grow", "t\(number) lost an attempt") }
        if task.attempts.count > model.attempts + 1 { fail("2 epochs grow", "t\(number) gained two attempts at once") }
        if model.isCancelRequested, !task.cancelRequested { fail("4 cancel", "t\(number) forgot its cancel") }
        if var living = model.living, let attempt = task.attempts.first(where: { $0.epoch == living.epoch }),
            let preemption = attempt.preemption, living.preemption == nil
        {
            observePreemption(task, living, preemption, model)
            living.preemption = preemption
            model.living = living
            model.preemptions += 1
        }
        if let living = model.living, let ended = task.attempts.first(where: { $0.epoch == living.epoch }),
            let outcome = ended.outcome
        {
            observeEnd(task, living, outcome, &model)
        }
        model.isCancelRequested = task.cancelRequested
        if task.attempts.count > model.attempts, let attempt = task.attempts.last {
            observeNew(attempt, of: task, &model)
        }
        counts[model.state, default: 0] -= 1
        if !task.state.isTerminal { counts[task.state, default: 0] += 1 }
        if model.state.isTerminal, task.state != model.state { fail("1 one end", "t\(number) left \(model.state)") }
        model.state = task.state
        tasks.values[index] = model
    }

    private mutating func create(_ task: GridTask) {
        if task.spec.durability == .durable {
            if task.id.number != nextTaskNumber {
                fail("1 one end", "t\(task.id.number) appears where t\(nextTaskNumber) is next")
            }
            nextTaskNumber = task.id.number + 1
        }
        tasks[task.id.number] = TaskModel(spec: task.spec, key: task.key)
        counts[.queued, default: 0] += 1
    }

    mutating func count(_ end: AttemptOutcome.End, in model: inout TaskModel) {
        switch end {
        case .failed, .timedOut: model.failures += 1
        case .lost, .cancelled:
            model.gone += 1
            model.wasLost = true
        case .refused:
            model.gone += 1
            model.refusals += 1
        case .succeeded: break
        }
    }

    private mutating func observeEnd(
        _ task: GridTask, _ living: Living, _ outcome: AttemptOutcome, _ model: inout TaskModel
    ) {
        let ref = AttemptRef(task: task.id, epoch: living.epoch)
        let report = reported[ref]
        model.endedPreempted = living.preemption != nil && (outcome.end == .cancelled || outcome.end == .lost)
        if !model.endedPreempted {
            noteOutcome(of: task, living, outcome.end, isReported: report != nil, &model)
        }
        switch outcome.end {
        case .succeeded, .failed, .refused:
            if report?.end != outcome.end || report?.by != living.node {
                fail("2 newest epoch", "t\(ref.task.number).\(ref.epoch) is \(outcome.end) and nobody who may said so")
            }
        case .cancelled, .timedOut, .lost: break
        }
        if !model.endedPreempted { count(outcome.end, in: &model) }
        model.lastEndAt = now
        model.living = nil
        hold(living.reservation, on: living.node, -1)
    }

    private mutating func observeNew(_ attempt: Attempt, of task: GridTask, _ model: inout TaskModel) {
        let name = "t\(task.id.number).\(attempt.epoch)"
        figures.attempts += 1
        if model.living != nil { fail("2 newest epoch", "\(name) begins beside another") }
        if Int(attempt.epoch) != model.attempts + 1 { fail("2 epochs grow", "\(name) follows \(model.attempts)") }
        if model.isCancelRequested { fail("4 cancel", "\(name) begins after a cancel") }
        if model.failures > model.spec.retries { fail("4 retries", "\(name) begins after \(model.failures) failures") }
        // Refusals count with the losses, or, when there is no other node, with the failures.
        let limit = settings.lostAttemptLimit
        if model.gone - model.refusals > limit || model.attempts > model.spec.retries + limit + model.preemptions {
            fail("4 retries", "\(name) begins after \(model.gone) losses")
        }
        if model.wasLost, model.spec.onLost == .fail { fail("4 on lost", "\(name) begins after a loss") }
        if let last = model.lastEndAt, now - last < shortestWait(model) {
            fail("4 backoff", "\(name) begins \(now - last) us after the last end")
        }
        if model.lostNodes.count >= max(settings.poisonNodeLimit, model.spec.retries + 1), model.endedLost {
            fail("4 poison", "\(name) begins after \(model.lostNodes.count) nodes were lost with it")
        }
        if let pin = model.spec.node, pin != attempt.node { fail("7 placement", "\(name) is not on \(pin)") }
        if let node = nodes[attempt.node], !satisfies(model.spec, attempt.node, node) {
            fail("7 placement", "\(name) is on \(attempt.node) without \(model.spec.constraint)")
        }
        if attempt.reservation.request != model.spec.resources {
            fail("3 ledger", "\(name) holds \(attempt.reservation.request)")
        }
        checkCircuit(attempt.node, task.spec.payload.type, name)
        checkAvoided(attempt.node, model.spec, name)
        checkPlacement(attempt, name)
        checkTurn(of: task, model)
        model.wait = nil
        forgetKeptRoom(for: task.id.number)
        hold(attempt.reservation, on: attempt.node, 1)
        checkKeptRoom(attempt.node, of: task.id.number, name)
        model.living = Living(epoch: attempt.epoch, node: attempt.node, reservation: attempt.reservation)
        model.attempts += 1
    }

    /// Microseconds that must have passed since the last end, whatever the jitter.
    private func shortestWait(_ model: TaskModel) -> Int64 {
        // A refusal may go on elsewhere at once; what it does to the other counts is not followed here.
        guard model.refusals == 0, !model.endedPreempted else { return 0 }
        let count = model.wasLost && model.failures == 0 ? model.gone - 1 : model.wasLost ? 0 : model.failures
        guard count > 0 else { return 0 }
        let longest = min(
            settings.backoffCapMilliseconds, settings.backoffInitialMilliseconds << Int64(min(count - 1, 20)))
        return longest * 1_000 - Int64(Double(longest) * settings.jitterFraction * 1_000) - 1_000
    }

    mutating func observeSettled(_ task: GridTask) {
        let number = task.id.number
        guard tasks[number] != nil else {
            fail("1 one end", "t\(number) settled twice, or never was")
            return
        }
        if !task.state.isTerminal { fail("1 one end", "t\(number) settled as \(task.state)") }
        if task.finishedAt == nil { fail("1 one end", "t\(number) ended at no time") }
        observe(task)
        guard let model = tasks[number] else { return }
        if model.living != nil { fail("1 one end", "t\(number) settled while an attempt lives") }
        if task.state == .succeeded, task.attempts.last?.outcome?.end != .succeeded {
            fail("1 one end", "t\(number) succeeded and its last attempt did not")
        }
        if task.state == .lost, model.endedPreempted { fail("11 preemption", "t\(number) was ended and is lost") }
        forgetKeptRoom(for: number)
        figures.settled[task.state.rawValue, default: 0] += 1
        tasks[number] = nil
        if let key = task.key, liveKeys[key] == task.id { liveKeys[key] = nil }
    }
}
