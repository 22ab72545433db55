package import GridModel

extension Noizylab_Grid_Event {
    /// One way only: readers of the log need the fields and the sentence, nobody needs the fact back.
    package init(_ event: GridEvent) {
        self.init()
        number = event.number
        atUs = event.at.microseconds
        switch event.fact {
        case .taskSubmitted(let id, let type, let submitter):
            kind = "task_submitted"
            task = id.description
            data = ["type": type, "submitter": submitter]
            text = "task \(id) (\(type)) submitted" + (submitter.isEmpty ? "" : " by \(submitter)")
        case .taskAssigned(let ref, let name):
            set("task_assigned", ref, name)
            text = "task \(ref.task) assigned to \(name) (attempt \(ref.epoch))"
        case .taskStarted(let ref, let name):
            set("task_started", ref, name)
            text = "task \(ref.task) started on \(name) (attempt \(ref.epoch))"
        case .taskRetrying(let ref, let name, let end, let delay, let reason):
            set("task_retrying", ref, name)
            data = ["end": end.rawValue, "delay_ms": "\(delay)", "reason": reason]
            text = "task \(ref.task) will be tried again in \(delay) ms: attempt \(ref.epoch) on \(name) "
            text += "ended \(end.rawValue)" + (reason.isEmpty ? "" : " (\(reason))")
        case .taskRoomMade(let id, let name, let ending, let reason):
            set("task_room_made", name)
            task = id.description
            data = ["ending": "\(ending)", "reason": reason]
            let attempts = ending == 1 ? "1 attempt of lower priority has" : "\(ending) attempts of lower priority have"
            text = "task \(id) gets room on \(name) when \(attempts) ended: \(reason)"
        case .taskPreempted(let ref, let name, let preemption):
            set("task_preempted", ref, name)
            data = ["by": preemption.by.description, "priority": "\(preemption.priority)"]
            text = "attempt \(ref.epoch) of task \(ref.task) on \(name) is asked to end: \(preemption.words)"
        case .taskCancelRequested(let id, let by):
            kind = "task_cancel_requested"
            task = id.description
            data = ["by": by]
            text = "cancel of task \(id) requested" + (by.isEmpty ? "" : " by \(by)")
        case .taskFinished(let id, let state, let reason):
            kind = "task_finished"
            task = id.description
            data = ["state": state.rawValue, "reason": reason]
            text = "task \(id) \(state.rawValue)" + (reason.isEmpty ? "" : ": \(reason)")
        case .lateResultRefused(let ref, let name):
            set("late_result_refused", ref, name)
            text = "a late result of attempt \(ref.epoch) of task \(ref.task) from \(name) was refused"
        case .nodeRegistered(let name):
            set("node_registered", name)
            text = "node \(name) registered"
        case .nodeOnline(let name):
            set("node_online", name)
            text = "node \(name) is online"
        case .nodeSuspect(let name, let reason):
            set("node_suspect", name)
            data = ["reason": reason]
            text = "node \(name) is suspect: \(reason)"
        case .nodeOffline(let name, let reason):
            set("node_offline", name)
            data = ["reason": reason]
            text = "node \(name) is offline: \(reason)"
        case .nodeSchedulabilityChanged(let name, let schedulability, let by):
            set("node_schedulability_changed", name)
            data = ["schedulability": schedulability.rawValue, "by": by]
            text = "node \(name) is now \(schedulability.rawValue)" + (by.isEmpty ? "" : " (by \(by))")
        case .nodeDrained(let name):
            set("node_drained", name)
            text = "node \(name) is drained"
        case .nodeSlow(let name, let isSlow, let answer):
            set(isSlow ? "node_slow" : "node_no_longer_slow", name)
            data = ["answer_ms": "\(answer)"]
            text = "node \(name) \(isSlow ? "is slow" : "is no longer slow"): it answers in \(answer) ms"
        case .nodeRoadChanged(let name, let old, let new, let reason):
            set("node_road_changed", name)
            data = ["from": old, "to": new, "reason": reason]
            text = "node \(name) is reached by \(new) instead of \(old): \(reason)"
        case .nodeQuarantined(let name, let milliseconds, let reason):
            set("node_quarantined", name)
            data = ["milliseconds": "\(milliseconds)", "reason": reason]
            text = "node \(name) is given nothing for \(milliseconds) ms: \(reason)"
        case .nodeRisk(let name, let level, let risk, let reason):
            set("node_risk", name)
            data = ["level": level.rawValue, "risk": "\(risk)", "reason": reason]
            text = "the risk of node \(name) is \(level.rawValue)" + (reason.isEmpty ? "" : ": \(reason)")
        case .nodeAvoided(let name, let isAvoided, let reason):
            set(isAvoided ? "node_avoided" : "node_no_longer_avoided", name)
            data = ["reason": reason]
            text = "node \(name) is "
            text += isAvoided ? "given nothing new for its risk of \(reason)" : "no longer avoided: \(reason)"
        case .nodeReleased(let name, let by):
            set("node_released", name)
            data = ["by": by]
            text = "node \(name) is given tasks again" + (by.isEmpty ? "" : " (by \(by))")
        case .nodeMisreported(let name, let words):
            set("node_misreported", name)
            data = ["claim": words]
            text = "node \(name) said what cannot be: \(words)"
        case .circuitOpened(let name, let type, let milliseconds, let failures):
            set("circuit_opened", name)
            data = ["type": type, "milliseconds": "\(milliseconds)", "failures": "\(failures)"]
            text = "node \(name) is given no \(type) for \(milliseconds) ms: \(failures) in a row failed there and "
            text += "others succeeded elsewhere"
        case .circuitClosed(let name, let type):
            set("circuit_closed", name)
            data = ["type": type]
            text = "node \(name) is given \(type) again"
        case .nodeRemoved(let name, let by):
            set("node_removed", name)
            data = ["by": by]
            text = "node \(name) removed" + (by.isEmpty ? "" : " by \(by)")
        case .failoversPaused(let paused, let reason):
            kind = paused ? "failovers_paused" : "failovers_resumed"
            data = ["reason": reason]
            text = "failovers \(paused ? "paused" : "resumed"): \(reason)"
        case .identity(let notice):
            kind = notice.kind.rawValue
            node = notice.node?.text ?? ""
            data = ["by": notice.by]
            text = notice.text
        }
    }

    private mutating func set(_ kind: String, _ name: NodeName) {
        self.kind = kind
        node = name.text
    }

    private mutating func set(_ kind: String, _ ref: AttemptRef, _ name: NodeName) {
        set(kind, name)
        task = ref.task.description
        epoch = ref.epoch
    }
}
