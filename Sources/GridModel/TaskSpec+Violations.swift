/// Everything that is wrong with a request: each field by its path on the wire, and what it should be. Empty when the
/// grid machine may have it. Node names are checked when they are made; whether a node exists is the machine's to say.
package func violations(of spec: TaskSpec, key: String?) -> [Refusal.Violation] {
    var found = ViolationList()
    found.checkPayload(spec.payload)
    found.checkResources(spec.resources)
    found.checkConstraint(spec.constraint)
    found.check("spec.priority", spec.priority, in: TaskLimits.priorities)
    found.check("spec.retries", spec.retries, in: TaskLimits.retries)
    found.check("spec.timeout_ms", spec.timeoutMilliseconds, in: TaskLimits.timeoutMilliseconds)
    found.check("spec.queue_timeout_ms", spec.queueTimeoutMilliseconds, in: TaskLimits.timeoutMilliseconds)
    found.check("spec.lost_after_ms", spec.lostAfterMilliseconds, in: TaskLimits.timeoutMilliseconds)
    found.check("spec.output_limit_bytes", spec.outputLimitBytes, in: TaskLimits.outputLimitBytes)
    found.checkText("spec.submitter", spec.submitter, bytes: 0...TaskLimits.submitterBytes)
    found.checkMetadata(spec.metadata)
    if let key { found.checkKey(key) }
    if !spec.envelope.isEmpty { found.checkEnvelope(of: spec, key: key) }
    return found.violations
}

private struct ViolationList {
    var violations: [Refusal.Violation] = []

    mutating func add(_ field: String, _ description: String) {
        violations.append(Refusal.Violation(field: field, description: description))
    }

    mutating func check<Number: BinaryInteger>(_ field: String, _ value: Number, in range: ClosedRange<Number>) {
        if !range.contains(value) {
            add(field, "must be \(range.lowerBound) to \(range.upperBound), and is \(value)")
        }
    }

    /// Of so many bytes, without NUL: nothing behind the wire can carry one.
    mutating func checkText(_ field: String, _ text: String, bytes range: ClosedRange<Int>) {
        if text.utf8.count < range.lowerBound {
            add(field, "must not be empty")
        } else if text.utf8.count > range.upperBound {
            add(field, "must be at most \(range.upperBound) bytes, and is \(text.utf8.count)")
        } else if text.utf8.contains(0) {
            add(field, "must not contain a NUL byte")
        }
    }
}

extension ViolationList {
    mutating func checkPayload(_ payload: TaskPayload) {
        switch payload {
        case .command(let command): checkCommand(command)
        case .echo(let text):
            if text.utf8.count > TaskLimits.echoBytes {
                add("spec.echo.text", "must be at most \(TaskLimits.echoBytes) bytes, and is \(text.utf8.count)")
            }
        case .network(let network): checkNetwork(network)
        }
    }

    private mutating func checkCommand(_ command: Command) {
        switch command.invocation {
        case .arguments(let arguments): checkArguments(arguments)
        case .script(_, let text):
            checkText("spec.command.script", text, bytes: 1...TaskLimits.commandBytes)
        }
        checkEnvironment(command.environment, "spec.command.environment")
        checkSecrets(command)
        let folder = command.workingDirectory
        checkText("spec.command.working_directory", folder, bytes: 0...TaskLimits.pathBytes)
        if !folder.isEmpty, folder.utf8.first != UInt8(ascii: "/") {
            add("spec.command.working_directory", "must be an absolute path, or empty for a fresh folder")
        }
        if command.standardInput.count > TaskLimits.standardInputBytes {
            let (limit, count) = (TaskLimits.standardInputBytes, command.standardInput.count)
            add("spec.command.standard_input", "must be at most \(limit) bytes, and is \(count)")
        }
    }

    private mutating func checkArguments(_ arguments: [String]) {
        let field = "spec.command.arguments"
        guard let program = arguments.first else {
            add(field, "must name a program")
            return
        }
        if program.isEmpty { add("\(field)[0]", "must name a program") }
        let total = arguments.reduce(0) { $0 + $1.utf8.count + 1 }
        if total > TaskLimits.commandBytes {
            add(field, "must be at most \(TaskLimits.commandBytes) bytes in all, and are \(total)")
        }
        for (index, argument) in arguments.enumerated() {
            if violations.count >= 32 { return }
            checkText("\(field)[\(index)]", argument, bytes: 0...TaskLimits.argumentBytes)
        }
    }

    /// Their names are judged as the others'; of their values nothing is said.
    private mutating func checkSecrets(_ command: Command) {
        guard !command.secrets.isEmpty else { return }
        let field = "spec.command.secrets"
        checkEnvironment(command.secrets.mapValues { _ in "" }, field)
        for (name, value) in command.secrets.sorted(by: { $0.key < $1.key }) {
            if violations.count >= 32 { return }
            if command.environment[name] != nil { add(field, "'\(name)' is in the environment too: give it once") }
            if value.bytes.count > TaskLimits.argumentBytes || (value.form == .open && value.bytes.contains(0)) {
                add(field, "the value of '\(name)' is too long, or contains a NUL byte")
            }
        }
    }

    private mutating func checkEnvironment(_ environment: [String: String], _ field: String) {
        let total = environment.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 2 }
        if total > TaskLimits.environmentBytes {
            add(field, "must be at most \(TaskLimits.environmentBytes) bytes in all, and is \(total)")
            return
        }
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
            if violations.count >= 32 { return }
            let isWellFormed =
                (1...TaskLimits.environmentNameBytes).contains(name.utf8.count)
                && name.utf8.allSatisfy { (33...126).contains($0) && $0 != UInt8(ascii: "=") }
            if !isWellFormed {
                let limit = TaskLimits.environmentNameBytes
                add(field, "a name must be 1 to \(limit) printable ASCII characters without '=' or space")
            }
            checkText("\(field)[\(isWellFormed ? name : "?")]", value, bytes: 0...TaskLimits.argumentBytes)
        }
    }

    private mutating func checkNetwork(_ check: NetworkCheck) {
        checkText("spec.network.host", check.host, bytes: 1...TaskLimits.hostBytes)
        let isName = check.host.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || [45, 46, 95, 58, 37].contains(byte)
        }
        if !isName || check.host.utf8.first == 45 {
            add("spec.network.host", "must be a host name or an address: letters, digits, '.', '-', '_', ':' and '%'")
        }
        if check.kind == .tcp { self.check("spec.network.port", check.port, in: TaskLimits.ports) }
    }

    mutating func checkResources(_ request: ResourceRequest) {
        check("spec.resources.cpu_millis", request.cpuMillis, in: TaskLimits.cpuMillis)
        check("spec.resources.memory_bytes", request.memoryBytes, in: TaskLimits.memoryBytes)
        check("spec.resources.gpus", request.gpus, in: TaskLimits.gpus)
        check("spec.resources.gpu_memory_bytes", request.gpuMemoryBytes, in: TaskLimits.gpuMemoryBytes)
        check("spec.resources.disk_bytes", request.diskBytes, in: TaskLimits.diskBytes)
        checkCustom(request.custom)
        if request.gpus > 0, request.gpuMemoryBytes > 0 {
            add("spec.resources.gpu_memory_bytes", "must be 0 when whole GPUs are asked for: one or the other")
        }
    }

    private mutating func checkCustom(_ custom: [String: Int64]) {
        let field = "spec.resources.custom"
        if custom.count > TaskLimits.customResources {
            add(field, "must name at most \(TaskLimits.customResources) resources, and names \(custom.count)")
            return
        }
        for (name, count) in custom.sorted(by: { $0.key < $1.key }) {
            checkText("\(field)[\(name)]", name, bytes: 1...TaskLimits.metadataKeyBytes)
            check("\(field)[\(name)]", count, in: TaskLimits.customCount)
        }
    }

    mutating func checkConstraint(_ text: String) {
        guard !text.isEmpty else { return }
        do {
            _ = try Constraint(text)
        } catch {
            add("spec.where", "\(error)")
        }
    }

    mutating func checkMetadata(_ metadata: [String: String]) {
        let field = "spec.metadata"
        if metadata.count > TaskLimits.metadataEntries {
            add(field, "must have at most \(TaskLimits.metadataEntries) entries, and has \(metadata.count)")
        }
        let total = metadata.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        if total > TaskLimits.metadataBytes {
            add(field, "must be at most \(TaskLimits.metadataBytes) bytes in all, and is \(total)")
        } else if metadata.keys.contains(where: { !(1...TaskLimits.metadataKeyBytes).contains($0.utf8.count) }) {
            add(field, "a key must be 1 to \(TaskLimits.metadataKeyBytes) bytes")
        } else if metadata.contains(where: { $0.key.utf8.contains(0) || $0.value.utf8.contains(0) }) {
            add(field, "must not contain a NUL byte")
        }
    }

    /// Whether it is genuine is the node's to say; what can never be is refused here.
    mutating func checkEnvelope(of spec: TaskSpec, key: String?) {
        guard let envelope = TaskEnvelope.open(spec.envelope)?.envelope else {
            return add("spec.envelope", "is not a sealed envelope: see docs/signing.md")
        }
        if envelope.key != key ?? "" { add("spec.envelope", "was signed for another key than the one given") }
        if envelope.node != nil, envelope.node != spec.node {
            add("spec.envelope", "was signed for another node than spec.node")
        }
    }

    mutating func checkKey(_ key: String) {
        let isPrintable = key.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: false
            default: true
            }
        }
        if !TaskLimits.keyBytes.contains(key.utf8.count) || !isPrintable {
            let range = TaskLimits.keyBytes
            add("key", "must be \(range.lowerBound) to \(range.upperBound) bytes of printable text")
        }
    }
}
