extension TaskSpec {
    /// Everything that the submitter decides, as the bytes whose SHA-256 stands in an envelope. Left out are `submitter`,
    /// which the coordinator writes, and the envelope itself.
    ///
    /// Each field is its number in `TaskSpec` of noizylab_tasks.proto, the count of its bytes, and these; fields in
    /// ascending order, those with their default left out, so that a new field changes no old digest. A test counts the
    /// properties, so that no new one is forgotten.
    package var canonicalBytes: [UInt8] {
        var writer = CanonicalWriter()
        writer.append(raw: Self.canonicalHeading.utf8)
        writer.write(payload)
        writer.field(10, node?.text ?? "")
        if resources != .none { writer.field(11) { $0.write(resources) } }
        writer.field(12, Int64(priority))
        writer.field(13, Int64(retries))
        writer.field(14, timeoutMilliseconds)
        writer.field(15, queueTimeoutMilliseconds)
        if onLost != .retry { writer.field(16, onLost.rawValue) }
        if durability != .durable { writer.field(17, durability.rawValue) }
        writer.field(18, outputLimitBytes)
        writer.field(20, metadata)
        writer.field(21, constraint)
        writer.field(22, lostAfterMilliseconds)
        return writer.bytes
    }

    private static let canonicalHeading = "noizylab task spec v1\n"

    /// The same request, whoever sealed it and when: what an idempotency key is compared by.
    package func asks(sameAs other: TaskSpec) -> Bool {
        if envelope.isEmpty && other.envelope.isEmpty { return self == other }
        var (left, right) = (self, other)
        left.envelope = []
        right.envelope = []
        return left == right
    }
}

extension CanonicalWriter {
    fileprivate mutating func write(_ payload: TaskPayload) {
        switch payload {
        case .command(let command): field(1) { $0.write(command) }
        case .echo(let text): field(2) { $0.append(raw: text.utf8) }
        case .network(let check):
            field(3) { writer in
                writer.field(1, check.kind.rawValue)
                writer.field(2, check.host)
                writer.field(3, Int64(check.port))
            }
        }
    }

    private mutating func write(_ command: Command) {
        switch command.invocation {
        case .arguments(let arguments):
            field(1) { writer in
                writer.append(UInt32(arguments.count))
                for argument in arguments { writer.append(argument) }
            }
        case .script(let interpreter, let text):
            field(2, interpreter.rawValue)
            field(3) { $0.append(raw: text.utf8) }
        }
        field(4, command.environment)
        field(5, command.workingDirectory)
        if !command.standardInput.isEmpty { field(6) { $0.append(raw: command.standardInput) } }
        // Signed open, as the submitter gives them and the node gets them.
        if !command.secrets.isEmpty { field(7) { $0.append(command.secrets) } }
    }

    private mutating func append(_ counts: [String: Int64]) {
        append(UInt32(counts.count))
        for (name, count) in counts.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            append(name)
            append(count)
        }
    }

    private mutating func append(_ secrets: [String: CommandSecret]) {
        append(UInt32(secrets.count))
        for (name, secret) in secrets.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            append(name)
            append(UInt32(secret.bytes.count))
            append(raw: secret.bytes)
        }
    }

    fileprivate mutating func write(_ request: ResourceRequest) {
        field(1, request.cpuMillis)
        field(2, request.memoryBytes)
        field(3, Int64(request.gpus))
        field(4, request.gpuMemoryBytes)
        field(5, request.diskBytes)
        if !request.custom.isEmpty { field(6) { $0.append(request.custom) } }
    }
}
