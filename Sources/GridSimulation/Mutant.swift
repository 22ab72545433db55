import GridLogic
import GridModel

/// The grid machine, with one thing broken when the simulation asks for it.
struct Mutant {
    private(set) var machine: GridMachine
    private let mutation: Mutation?
    private var count = 0
    private var sessions: [NodeName: SessionID] = [:]
    private var eventShift: UInt64 = 0
    private var lastSettled: GridTask?

    init(settings: GridSettings, mutation: Mutation?) {
        var settings = settings
        switch mutation {
        case .noBackoff: settings.backoffInitialMilliseconds = 0
        case .noBrake: settings.failoverPauseMilliseconds = 0
        case .hastyLoss:
            settings.offlineAfterMilliseconds = settings.suspectAfterMilliseconds + 200
            settings.probeBurst = 1
        case .ignoreOwnAbsence: settings.hearingToleranceMilliseconds = .max / 2_000_000
        case .noQuarantine: settings.flapLimit = .infinity
        case .noCircuits:
            settings.circuitFailures = .max
            settings.circuitRefusals = .max
        case .ignoreRisk: settings.risk = .tell
        case .spreadPoison: settings.poisonNodeLimit = .max
        case .noFairShare: settings.fairShare = false
        case .endlessPreemption: settings.preemptionLimit = .max
        case .noPreemptionBrake: settings.preemptionLeast = 1_000_000
        default: break
        }
        machine = GridMachine(settings: settings)
        self.mutation = mutation
    }

    mutating func recover(_ store: SimulatedStore, at moment: Moment) {
        machine.recover(
            tasks: store.living.values.sorted { $0.id < $1.id }, nodes: store.nodes.values.sorted { $0.name < $1.name },
            nextTaskNumber: store.nextTaskNumber, nextEventNumber: store.nextEventNumber,
            at: mutation == .stoppedClock
                ? Moment(monotonic: MonotonicTime(nanoseconds: 0), wall: moment.wall) : moment)
    }

    var nextDeadline: MonotonicTime? { mutation == .stoppedClock ? nil : machine.nextDeadline }

    mutating func apply(_ input: GridInput, at moment: Moment, into effects: inout [GridEffect]) {
        guard let mutation else {
            machine.apply(input, at: moment, into: &effects)
            return
        }
        count += 1
        let start = effects.count
        if case .nodeConnected(let node, let session, _, _, _) = input { sessions[node.name] = session }
        guard let input = mutated(input, mutation, into: &effects) else { return }
        var moment = moment
        if mutation == .stoppedClock { moment.monotonic = MonotonicTime(nanoseconds: 0) }
        machine.apply(input, at: moment, into: &effects)
        mutate(&effects, from: start, mutation)
    }

    private mutating func mutated(
        _ input: GridInput, _ mutation: Mutation, into effects: inout [GridEffect]
    ) -> GridInput? {
        switch (mutation, input) {
        case (.overcommit, .nodeConnected(var node, let session, let attempts, let instance, let slept)):
            node.inventory = node.inventory.clamped
            node.inventory.cores *= 4
            node.inventory.memoryBytes *= 4
            return .nodeConnected(
                node, session, attempts: attempts, instance: instance, sleptMilliseconds: slept)
        case (.ignoreInstance, .nodeConnected(let node, let session, let attempts, _, let slept)):
            return .nodeConnected(node, session, attempts: attempts, sleptMilliseconds: slept)
        case (.believeLies, .nodeConnected(var node, let session, let attempts, let instance, let slept)):
            node.inventory = node.inventory.clamped
            return .nodeConnected(
                node, session, attempts: attempts, instance: instance, sleptMilliseconds: slept)
        case (.ignoreDeadlines, .drain(let name, _, let by, let token)):
            return .setSchedulability(name, .draining, by: by, token)
        case (.ignoreCordon, .setSchedulability(_, let wanted, _, _)):
            return wanted == .open ? input : nil
        case (.loseQueued, .setSchedulability(_, .open, _, _)):
            return nil
        case (.ignoreCancel, .cancel(let id, _, let token)):
            guard var task = machine.task(id), task.state != .queued else { return input }
            task.cancelRequested = true
            effects.append(.answered(token, .task(task)))
            return nil
        case (.ignoreKeys, .submit(let spec, _, let token)):
            return .submit(spec, key: nil, token)
        case (.noRetryLimit, .submit(var spec, let key, let token)):
            spec.retries += 3
            return .submit(spec, key: key, token)
        case (.invertPriorities, .submit(var spec, let key, let token)):
            spec.priority = -spec.priority
            return .submit(spec, key: key, token)
        case (.acceptOldEpochs, .reports(let name, let session, let reports)):
            return rewritten(name, session, reports)
        default: return input
        }
    }

    /// As if nobody looked at the epoch.
    private func rewritten(_ name: NodeName, _ session: SessionID, _ reports: [AttemptReport]) -> GridInput {
        for case .finished(let ref, let outcome) in reports {
            guard let task = machine.task(ref.task), task.epoch > ref.epoch, let newest = task.attempts.last,
                newest.outcome == nil, let newer = sessions[newest.node]
            else { continue }
            return .reports(newest.node, newer, [.finished(task.newestRef, outcome)])
        }
        return .reports(name, session, reports)
    }

    private mutating func mutate(_ effects: inout [GridEffect], from start: Int, _ mutation: Mutation) {
        switch mutation {
        case .loseSave:
            if count.isMultiple(of: 7) {
                effects[start...].firstIndex { if case .saveTask = $0 { true } else { false } }
                    .map { _ = effects.remove(at: $0) }
            }
        case .doubleDispatch:
            for case .order(let name, _, .start(let order)) in effects[start...] where count.isMultiple(of: 5) {
                if let other = sessions.keys.sorted().first(where: { $0 != name }), let session = sessions[other] {
                    effects.append(.order(other, session, .start(order)))
                    return
                }
            }
        case .settleTwice:
            if let lastSettled, count.isMultiple(of: 3) {
                var again = lastSettled
                again.state = .failed
                effects.append(.taskSettled(again))
            }
            for case .taskSettled(let task) in effects[start...] { lastSettled = task }
        case .skipEventNumber:
            for index in effects[start...].indices {
                guard case .emit(let event) = effects[index] else { continue }
                if event.number == 9 { eventShift = 1 }
                effects[index] = .emit(
                    GridEvent(number: event.number + eventShift, at: event.at, fact: event.fact))
            }
        case .noRetryLimit, .ignoreKeys, .invertPriorities:
            restore(&effects, from: start)
        default: break
        }
    }

    /// Records look as they should, so that what is noticed is what is done.
    private func restore(_ effects: inout [GridEffect], from start: Int) {
        guard mutation == .noRetryLimit || mutation == .invertPriorities else { return }
        for index in effects[start...].indices {
            switch effects[index] {
            case .saveTask(let task): effects[index] = .saveTask(asSubmitted(task))
            case .taskChanged(let task): effects[index] = .taskChanged(asSubmitted(task))
            case .taskSettled(let task): effects[index] = .taskSettled(asSubmitted(task))
            case .accepted(let token, let task, let isNew):
                effects[index] = .accepted(token, asSubmitted(task), isNew: isNew)
            case .answered(let token, .task(let task)):
                effects[index] = .answered(token, .task(asSubmitted(task)))
            default: break
            }
        }
    }

    private func asSubmitted(_ task: GridTask) -> GridTask {
        var spec = task.spec
        if mutation == .noRetryLimit { spec.retries -= 3 } else { spec.priority = -spec.priority }
        return GridTask(
            id: task.id, spec: spec, key: task.key, submittedAt: task.submittedAt, state: task.state,
            attempts: task.attempts, notBefore: task.notBefore, cancelRequested: task.cancelRequested,
            finishedAt: task.finishedAt, reason: task.reason)
    }
}
