package import GridModel

extension Noizylab_Grid_TaskSpec {
    package init(_ spec: TaskSpec) {
        self.init()
        switch spec.payload {
        case .command(let value): command = Noizylab_Grid_CommandPayload(value)
        case .echo(let text): echo.text = text
        case .network(let value): network = Noizylab_Grid_NetworkCheckPayload(value)
        }
        if let name = spec.node { node = name.text }
        if spec.resources != .none { resources = Noizylab_Grid_ResourceRequest(spec.resources) }
        priority = Int32(clamping: spec.priority)
        retries = UInt32(clamping: spec.retries)
        timeoutMs = spec.timeoutMilliseconds
        queueTimeoutMs = spec.queueTimeoutMilliseconds
        if spec.onLost != .retry { onLost = spec.onLost.rawValue }
        lostAfterMs = spec.lostAfterMilliseconds
        if spec.durability != .durable { durability = spec.durability.rawValue }
        outputLimitBytes = spec.outputLimitBytes
        submitter = spec.submitter
        metadata = spec.metadata
        if !spec.envelope.isEmpty { envelope = .init(spec.envelope) }
        `where` = spec.constraint
    }

    /// What the client asked for. The numbers are taken as they are; `violations(of:key:)` judges them.
    package func model() throws(WireError) -> TaskSpec {
        var name: NodeName?
        if !node.isEmpty {
            name = NodeName(node)
            if name == nil {
                throw WireError(field: "node", "is not a node name: 1 to 63 letters, digits, '.', '_' or '-'")
            }
        }
        var spec = TaskSpec(
            payload: try payloadModel(),
            node: name,
            constraint: `where`,
            resources: hasResources ? resources.model() : .none,
            priority: Int(priority),
            retries: Int(retries),
            timeoutMilliseconds: timeoutMs,
            queueTimeoutMilliseconds: queueTimeoutMs,
            onLost: try named(onLost, field: "on_lost", fallback: .retry),
            durability: try named(durability, field: "durability", fallback: .durable),
            outputLimitBytes: outputLimitBytes,
            submitter: submitter,
            metadata: metadata,
            envelope: [UInt8](envelope))
        spec.lostAfterMilliseconds = lostAfterMs
        return spec
    }

    private func payloadModel() throws(WireError) -> TaskPayload {
        switch payload {
        case .command(let value): return .command(try value.model())
        case .echo(let value): return .echo(value.text)
        case .network(let value): return .network(try value.model())
        case nil: throw WireError(field: "payload", "is missing: give one of command, echo or network")
        }
    }
}

extension Noizylab_Grid_CommandPayload {
    package init(_ command: Command) {
        self.init()
        switch command.invocation {
        case .arguments(let list): arguments = list
        case .script(let by, let text):
            interpreter = by.rawValue
            script = text
        }
        environment = command.environment
        for (name, secret) in command.secrets {
            // Only the store's own writer writes one that is kept.
            if secret.form == .open { secrets[name] = String(decoding: secret.bytes, as: UTF8.self) }
            secretNames.append(name)
        }
        secretNames.sort()
        workingDirectory = command.workingDirectory
        standardInput = .init(command.standardInput)
    }

    package func model() throws(WireError) -> Command {
        let invocation: Command.Invocation
        if interpreter.isEmpty {
            guard script.isEmpty else {
                throw WireError(field: "command.interpreter", "is missing: a script needs one")
            }
            invocation = .arguments(arguments)
        } else {
            guard arguments.isEmpty else {
                throw WireError(field: "command.arguments", "must be empty when there is an interpreter and a script")
            }
            invocation = .script(try named(interpreter, field: "command.interpreter", fallback: .sh), script)
        }
        // A name without a value: what reads this cannot have it.
        var found = Dictionary(secretNames.map { ($0, CommandSecret(kept: [])) }) { $1 }
        for (name, bytes) in keptSecrets { found[name] = CommandSecret(kept: [UInt8](bytes)) }
        for (name, text) in secrets { found[name] = CommandSecret(open: text) }
        return Command(
            invocation: invocation, environment: environment, secrets: found, workingDirectory: workingDirectory,
            standardInput: [UInt8](standardInput))
    }
}

extension Noizylab_Grid_NetworkCheckPayload {
    package init(_ check: NetworkCheck) {
        self.init()
        kind = check.kind.rawValue
        host = check.host
        port = UInt32(clamping: check.port)
    }

    package func model() throws(WireError) -> NetworkCheck {
        NetworkCheck(kind: try named(kind, field: "network.kind", fallback: .ping), host: host, port: Int(port))
    }
}

extension Noizylab_Grid_ResourceRequest {
    package init(_ request: ResourceRequest) {
        self.init()
        cpuMillis = request.cpuMillis
        memoryBytes = request.memoryBytes
        gpus = UInt32(clamping: request.gpus)
        gpuMemoryBytes = request.gpuMemoryBytes
        diskBytes = request.diskBytes
        custom = request.custom
    }

    package func model() -> ResourceRequest {
        ResourceRequest(
            cpuMillis: cpuMillis, memoryBytes: memoryBytes, gpus: Int(gpus), gpuMemoryBytes: gpuMemoryBytes,
            diskBytes: diskBytes, custom: custom)
    }
}
