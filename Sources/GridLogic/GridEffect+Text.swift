import GridModel

/// Effects and inputs as one line each: for logs, histories and transcripts.
extension GridEffect: CustomStringConvertible {
    package var description: String {
        switch self {
        case .saveTask(let task): "save task \(task.line)"
        case .saveNode(let node): "save node \(node.line)"
        case .deleteNode(let name): "delete node \(name)"
        case .emit(let event): "event \(event.number) \(event.fact.line)"
        case .accepted(let token, let task, let isNew):
            "accepted #\(token.number) \(task.line)\(isNew ? "" : " (known)")"
        case .answered(let token, .task(let task)): "answered #\(token.number) \(task.line)"
        case .answered(let token, .node(let node)): "answered #\(token.number) \(node.line)"
        case .refused(let token, let refusal):
            "refused #\(token.number) \(refusal.code.rawValue) \(refusal.reason): \(refusal.message)"
        case .order(let name, let session, let order): "order \(name)/\(session.number) \(order.line)"
        case .probe(let name, let session, let number): "probe \(name)/\(session.number) #\(number)"
        case .askOthers(let name, let helpers):
            "ask others about \(name) [\(helpers.map { "\($0.number)" }.joined(separator: " "))]"
        case .taskChanged(let task): "changed \(task.line)"
        case .progress(let ref, let percent, let stage): "progress \(ref.line) \(Int(percent)) % \(stage)"
        case .taskSettled(let task): "settled \(task.line)"
        }
    }
}

extension GridInput: CustomStringConvertible {
    package var description: String {
        switch self {
        case .submit(let spec, let key, let token):
            "submit #\(token.number) \(spec.payload.type)\(key.map { " key=\($0)" } ?? "")"
                + "\(spec.node.map { " on=\($0)" } ?? "")\(spec.durability == .durable ? "" : " ephemeral")"
        case .cancel(let id, let by, let token): "cancel #\(token.number) t\(id.number) by \(by)"
        case .registerNode(let node, _): "register \(node.line)"
        case .removeNode(let name, _, _): "remove \(name)"
        case .setSchedulability(let name, let schedulability, _, _): "set \(name) \(schedulability.rawValue)"
        case .drain(let name, let deadline, _, _): "drain \(name) within \(deadline) ms"
        case .releaseNode(let name, _, _): "release \(name)"
        case .heard(let name, let session, let number):
            "heard \(name)/\(session.number)\(number.map { " answering #\($0)" } ?? "")"
        case .vouched(let name, let helper): "vouched \(name) by \(helper)"
        case .roads(let name, let session, let roads):
            "roads of \(name) over session \(session.number): "
                + roads.map { "\($0.isInUse ? "*" : "")\($0.name) \($0.condition.rawValue)" }.joined(separator: ", ")
        case .notListening: "not listening"
        case .nodeConnected(let node, let session, let attempts, let instance, let slept):
            "hello \(node.name)/\(session.number) instance \(instance)\(slept > 0 ? " slept \(slept) ms" : "")"
                + " [\(attempts.map(\.line).joined(separator: " "))]"
        case .nodeDisconnected(let name, let session, let reason): "closed \(name)/\(session.number) \(reason)"
        case .heartbeat(let name, let session, _): "heartbeat \(name)/\(session.number)"
        case .reports(let name, let session, let reports):
            "reports \(name)/\(session.number) [\(reports.map(\.line).joined(separator: ", "))]"
        case .note(let notice): "note \(notice.kind.rawValue)"
        case .tick: "tick"
        }
    }
}

extension AttemptRef {
    var line: String { "t\(task.number).\(epoch)" }
}

extension AttemptReport {
    var line: String {
        switch self {
        case .started(let ref): "started \(ref.line)"
        case .progress(let ref, let percent, _): "progress \(ref.line) \(percent.clampedPercent)"
        case .finished(let ref, let outcome): "finished \(ref.line) \(outcome.end.rawValue)"
        }
    }
}

extension Order {
    var line: String {
        switch self {
        case .start(let start):
            "start \(start.ref.line)"
                + (start.gpuIndices.isEmpty ? "" : " gpus \(start.gpuIndices.map(String.init).joined(separator: ","))")
        case .cancel(let ref, let grace): "cancel \(ref.line) grace \(grace) ms"
        case .forget(let ref): "forget \(ref.line)"
        }
    }
}

extension GridTask {
    /// `t1 running n1.1` and what else there is to say.
    var line: String {
        var words = ["t\(id.number)", state.rawValue]
        if let attempt = attempts.last {
            words.append("\(attempt.node).\(attempt.epoch)")
            if let outcome = attempt.outcome { words.append("(\(outcome.end.rawValue))") }
        }
        if cancelRequested { words.append("cancelling") }
        if notBefore != nil { words.append("backing off") }
        if !reason.isEmpty { words.append("\"\(reason)\"") }
        return words.joined(separator: " ")
    }
}

extension Node {
    var line: String {
        "\(name) \(schedulability.rawValue)\(isExternal ? " external" : "") (\(inventory.resourceWords))"
    }
}

extension GridEvent.Fact {
    var line: String {
        switch self {
        case .taskSubmitted(let id, let type, let submitter):
            "submitted t\(id.number) \(type)\(submitter.isEmpty ? "" : " by \(submitter)")"
        case .taskAssigned(let ref, let node): "assigned \(ref.line) to \(node)"
        case .taskStarted(let ref, let node): "started \(ref.line) on \(node)"
        case .taskRetrying(let ref, let node, let end, let delay, let reason):
            "retrying \(ref.line) \(end.rawValue) on \(node), in \(delay) ms: \(reason)"
        case .taskRoomMade(let id, let name, let ending, let reason):
            "room made for t\(id.number) on \(name) by \(ending): \(reason)"
        case .taskPreempted(let ref, let name, let preemption):
            "preempted \(ref.line) on \(name) by t\(preemption.by.number), priority \(preemption.priority)"
        case .taskCancelRequested(let id, let by): "cancel requested t\(id.number) by \(by)"
        case .taskFinished(let id, let state, let reason):
            "finished t\(id.number) \(state.rawValue)\(reason.isEmpty ? "" : ": \(reason)")"
        case .lateResultRefused(let ref, let node): "late result refused \(ref.line) of \(node)"
        case .nodeRegistered(let name): "registered \(name)"
        case .nodeOnline(let name): "online \(name)"
        case .nodeSuspect(let name, let reason): "suspect \(name): \(reason)"
        case .nodeOffline(let name, let reason): "offline \(name): \(reason)"
        case .nodeSchedulabilityChanged(let name, let schedulability, let by):
            "\(schedulability.rawValue) \(name) by \(by)"
        case .nodeDrained(let name): "drained \(name)"
        case .nodeSlow(let name, let isSlow, let answer):
            "\(name) \(isSlow ? "is slow" : "is no longer slow"), answers in \(answer) ms"
        case .nodeRoadChanged(let name, let old, let new, let reason):
            "road of \(name) changed from \(old) to \(new): \(reason)"
        case .nodeQuarantined(let name, let milliseconds, let reason):
            "quarantined \(name) for \(milliseconds) ms: \(reason)"
        case .nodeRisk(let name, let level, let risk, let reason):
            "risk of \(name) \(level.rawValue), \(risk.rounded(toPlaces: 2))\(reason.isEmpty ? "" : ": \(reason)")"
        case .nodeAvoided(let name, let isAvoided, let reason):
            "\(isAvoided ? "avoided" : "no longer avoided") \(name): \(reason)"
        case .nodeReleased(let name, let by): "released \(name)\(by.isEmpty ? "" : " by \(by)")"
        case .nodeMisreported(let name, let words): "misreported by \(name): \(words)"
        case .circuitOpened(let name, let type, let milliseconds, let failures):
            "circuit of \(type) on \(name) opened for \(milliseconds) ms after \(failures) failures"
        case .circuitClosed(let name, let type): "circuit of \(type) on \(name) closed"
        case .nodeRemoved(let name, let by): "removed \(name) by \(by)"
        case .failoversPaused(let isPaused, let reason): "failovers \(isPaused ? "paused" : "resumed"): \(reason)"
        case .identity(let notice): "\(notice.kind.rawValue): \(notice.text)"
        }
    }
}
