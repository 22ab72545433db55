import GridModel

extension Refusal: Error {}

/// What the grid refuses, in words that say what would help.
extension Refusal {
    static func keyTaken(_ key: String, by id: TaskID) -> Refusal {
        Refusal(
            .alreadyExists, reason: "KEY_TAKEN",
            message: "the key \(key) already names task \(id), which asks for something else; "
                + "send the same request for the same key, or choose another key")
    }

    static func tooManyTasks(_ limit: Int) -> Refusal {
        Refusal(
            .resourceExhausted, reason: "TOO_MANY_TASKS",
            message: "\(limit) tasks are alive, which is the most this grid takes; try again when some have ended",
            retryAfterMilliseconds: 1_000)
    }

    static func tooManyTasks(of client: String, _ limit: Int) -> Refusal {
        Refusal(
            .resourceExhausted, reason: "TOO_MANY_TASKS",
            message: "\(limit) tasks of \(client) are alive, which is the most one client may have "
                + "(tasks.max_live_per_client); try again when some have ended",
            retryAfterMilliseconds: 1_000)
    }

    static func unknownNode(_ name: NodeName, known: [NodeName]) -> Refusal {
        let hint = known.isEmpty ? "no node is known yet" : "known nodes: \(listed(known.map(\.text)))"
        return Refusal(.notFound, reason: "UNKNOWN_NODE", message: "there is no node \(name); \(hint)")
    }

    static func externalNode(_ name: NodeName) -> Refusal {
        Refusal(
            .failedPrecondition, reason: "EXTERNAL_NODE",
            message: "node \(name) is external: a program speaks for it and it takes no tasks; "
                + "join it with an agent, or choose another node")
    }

    static func unknownTask(_ id: TaskID) -> Refusal {
        Refusal(.notFound, reason: "UNKNOWN_TASK", message: "no task \(id) is alive")
    }

    static func nodeBusy(_ name: NodeName, attempts: Int) -> Refusal {
        Refusal(
            .failedPrecondition, reason: "NODE_BUSY",
            message: "node \(name) is connected and runs \(attempts == 1 ? "a task" : "\(attempts) tasks"); "
                + "drain it first, and remove it when it is drained")
    }

    static func impossible(_ shape: Shape, candidates: [Node]) -> Refusal {
        let request = shape.resources
        if let root = (try? Constraint(shape.constraint))?.root, !candidates.contains(where: { root.holds(for: $0) }) {
            return unsatisfiable(shape.constraint, root, candidates)
        }
        if !shape.isSigned, shape.pin == nil, !candidates.isEmpty,
            candidates.allSatisfy(\.inventory.requiresSignatures)
        {
            return Refusal(
                .failedPrecondition, reason: "SIGNATURE_REQUIRED",
                message: "every node runs signed tasks alone, and this one is not signed; "
                    + "sign it (noizylab run --sign KEY), or add a node that does not want it")
        }
        let has = candidates.map { "\($0.name) has \($0.inventory.resourceWords)" }
        let who = has.isEmpty ? "no node takes tasks" : listed(has, separator: "; ")
        return Refusal(
            .failedPrecondition, reason: "IMPOSSIBLE_REQUEST",
            message: "the task asks for \(request.words), which no node could ever give: \(who); "
                + "ask for less, or add a node that has as much")
    }

    private static func unsatisfiable(
        _ text: String, _ root: Constraint.Term, _ candidates: [Node]
    ) -> Refusal {
        let has = candidates.map { "\($0.name): \(root.failure(for: $0))" }
        let who = has.isEmpty ? "no node takes tasks" : listed(has, separator: "; ")
        return Refusal(
            .failedPrecondition, reason: "IMPOSSIBLE_CONSTRAINT",
            message: "no known node could ever satisfy \(text): \(who); change the constraint, or add such a node")
    }

    private static func listed(_ items: [String], separator: String = ", ") -> String {
        let shown = items.prefix(8).joined(separator: separator)
        return items.count > 8 ? "\(shown)\(separator)and \(items.count - 8) more" : shown
    }
}

extension ResourceRequest {
    /// `2 cores, 4 GiB of memory`.
    var words: String {
        var parts: [String] = []
        if cpuMillis > 0 { parts.append(cpuMillis == 1_000 ? "1 core" : "\(decimal(cpuMillis)) cores") }
        if memoryBytes > 0 { parts.append("\(byteWords(memoryBytes)) of memory") }
        if gpus > 0 { parts.append(gpus == 1 ? "1 GPU" : "\(gpus) GPUs") }
        if gpuMemoryBytes > 0 { parts.append("\(byteWords(gpuMemoryBytes)) of one GPU's memory") }
        if diskBytes > 0 { parts.append("\(byteWords(diskBytes)) of disk") }
        for (name, count) in custom.sorted(by: { $0.key < $1.key }) { parts.append("\(count) of \(name)") }
        return parts.isEmpty ? "nothing in particular" : parts.joined(separator: ", ")
    }

    private func decimal(_ millis: Int64) -> String {
        guard millis % 1_000 != 0 else { return "\(millis / 1_000)" }
        let fraction = String(1_000 + millis % 1_000).dropFirst()
        return "\(millis / 1_000).\(fraction.reversed().drop { $0 == "0" }.reversed().map(String.init).joined())"
    }
}

extension NodeInventory {
    var resourceWords: String {
        var parts = [cores == 1 ? "1 core" : "\(cores) cores", byteWords(memoryBytes)]
        switch gpus.count {
        case 0: parts.append("no GPU")
        case 1: parts.append("1 GPU of \(byteWords(gpus[0].memoryBytes))")
        default: parts.append("\(gpus.count) GPUs of \(byteWords(gpus.map(\.memoryBytes).max() ?? 0)) at most")
        }
        return parts.joined(separator: ", ")
    }
}

/// The largest unit that shows at least 1, with one decimal when it is not whole.
func byteWords(_ bytes: Int64) -> String {
    for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] where bytes >= 1 << Int64(shift) {
        let tenths = (bytes >> Int64(shift - 10)) * 10 / 1_024
        return tenths % 10 == 0 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
    }
    return "\(bytes) bytes"
}
