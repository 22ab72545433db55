import GridModel

/// Writes a task as a `noizylab.store.TaskRecord`, byte by byte, into a buffer that is used again.
///
/// It says the same as `Noizylab_Store_TaskRecord` with `Noizylab_Grid_TaskInfo(task)` in it, and the generated code
/// reads it; that way of writing takes five times as long and was half of what keeping a task cost. A test writes
/// every field and counts the nouns' properties, so that a new one is not forgotten here. Fields that are zero or
/// empty are left out, as proto3 does.
struct TaskRecordWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ task: GridTask) {
        bytes.removeAll(keepingCapacity: true)
        write(1, task.id.number)
        message(2) { $0.writeInfo(task) }
    }

    private mutating func writeInfo(_ task: GridTask) {
        write(1, task.id.description)
        write(2, task.key ?? "")
        message(3) { $0.write(task.spec) }
        write(4, task.state.rawValue)
        write(5, task.submittedAt.microseconds)
        for attempt in task.attempts { message(6) { $0.write(attempt) } }
        write(7, task.notBefore?.microseconds ?? 0)
        write(8, task.cancelRequested)
        write(9, task.finishedAt?.microseconds ?? 0)
        write(10, task.reason)
    }

    private mutating func write(_ spec: TaskSpec) {
        switch spec.payload {
        case .command(let command): message(1) { $0.write(command) }
        case .echo(let text): message(2) { $0.write(1, text) }
        case .network(let check):
            message(3) { writer in
                writer.write(1, check.kind.rawValue)
                writer.write(2, check.host)
                writer.write(3, UInt64(UInt32(clamping: check.port)))
            }
        }
        write(10, spec.node?.text ?? "")
        if spec.resources != .none { message(11) { $0.write(spec.resources) } }
        write(12, zigzag(spec.priority))
        write(13, UInt64(UInt32(clamping: spec.retries)))
        write(14, spec.timeoutMilliseconds)
        write(15, spec.queueTimeoutMilliseconds)
        if spec.onLost != .retry { write(16, spec.onLost.rawValue) }
        if spec.durability != .durable { write(17, spec.durability.rawValue) }
        write(18, spec.outputLimitBytes)
        write(19, spec.submitter)
        write(20, spec.metadata)
        write(21, spec.constraint)
        write(22, spec.lostAfterMilliseconds)
        write(40, spec.envelope)
    }

    private mutating func write(_ command: Command) {
        switch command.invocation {
        case .arguments(let list):
            for argument in list { write(1, argument, evenIfEmpty: true) }
        case .script(let interpreter, let text):
            write(2, interpreter.rawValue)
            write(3, text)
        }
        write(4, command.environment)
        write(5, command.workingDirectory)
        write(6, command.standardInput)
        for (name, secret) in command.secrets {
            precondition(secret.form != .open, "an open secret was to be kept")
            message(8) { writer in
                writer.write(1, name)
                writer.write(2, secret.bytes)
            }
        }
    }

    private mutating func write(_ request: ResourceRequest) {
        write(1, request.cpuMillis)
        write(2, request.memoryBytes)
        write(3, UInt64(UInt32(clamping: request.gpus)))
        write(4, request.gpuMemoryBytes)
        write(5, request.diskBytes)
        for (name, count) in request.custom {
            message(6) { writer in
                writer.write(1, name)
                writer.write(2, count)
            }
        }
    }

    private mutating func write(_ attempt: Attempt) {
        write(1, UInt64(attempt.epoch))
        write(2, attempt.node.text)
        let gpus = attempt.reservation.gpuIndices
        if !gpus.isEmpty { message(3) { writer in gpus.forEach { writer.append(UInt64(UInt32(clamping: $0))) } } }
        write(4, attempt.assignedAt.microseconds)
        write(5, attempt.startedAt?.microseconds ?? 0)
        write(6, attempt.finishedAt?.microseconds ?? 0)
        if let outcome = attempt.outcome { message(7) { $0.write(outcome) } }
        guard let preemption = attempt.preemption else { return }
        write(8, preemption.by.description)
        write(9, zigzag(preemption.priority))
    }

    private mutating func write(_ outcome: AttemptOutcome) {
        write(1, outcome.end.rawValue)
        if let code = outcome.exitCode { write(2, Int64(code), evenIfZero: true) }
        if let signal = outcome.signal { write(3, Int64(signal), evenIfZero: true) }
        write(4, outcome.error)
        write(5, outcome.usage.userMicroseconds)
        write(6, outcome.usage.systemMicroseconds)
        write(7, outcome.usage.maxResidentBytes)
        if let inline = outcome.inlineOutput {
            write(8, true)
            write(9, inline.stdout)
            write(10, inline.stderr)
        }
        write(11, outcome.runMicroseconds)
        write(40, outcome.attestation)
    }
}

/// The wire format: varints, and bytes behind their length.
extension TaskRecordWriter {
    private mutating func append(_ varint: UInt64) {
        var rest = varint
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// A `sint32`.
    private func zigzag(_ value: Int) -> UInt64 {
        let value = Int32(clamping: value)
        return UInt64(UInt32(bitPattern: value << 1 ^ value >> 31))
    }

    mutating func append(utf8Of text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func write(_ field: UInt64, _ value: UInt64) {
        if value == 0 { return }
        append(field << 3)
        append(value)
    }

    mutating func write(_ field: UInt64, _ value: Int64, evenIfZero: Bool = false) {
        if value == 0 && !evenIfZero { return }
        append(field << 3)
        append(UInt64(bitPattern: value))
    }

    private mutating func write(_ field: UInt64, _ value: Bool) { write(field, value ? UInt64(1) : 0) }

    mutating func write(_ field: UInt64, _ text: String, evenIfEmpty: Bool = false) {
        let utf8 = text.utf8
        if utf8.isEmpty && !evenIfEmpty { return }
        append(field << 3 | 2)
        append(UInt64(utf8.count))
        bytes.append(contentsOf: utf8)
    }

    mutating func write(_ field: UInt64, _ value: [UInt8]) {
        if value.isEmpty { return }
        append(field << 3 | 2)
        append(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    private mutating func write(_ field: UInt64, _ map: [String: String]) {
        for (key, value) in map { writeEntry(field, key, value) }
    }

    mutating func writeEntry(_ field: UInt64, _ key: String, _ value: String) {
        message(field) { writer in
            writer.write(1, key)
            writer.write(2, value)
        }
    }

    /// One byte is left for the length, which is almost always enough; the body moves when it is not.
    mutating func message(_ field: UInt64, _ body: (inout Self) -> Void) {
        append(field << 3 | 2)
        let place = bytes.count
        bytes.append(0)
        body(&self)
        let length = bytes.count - place - 1
        if length < 0x80 {
            bytes[place] = UInt8(length)
            return
        }
        var head = TaskRecordWriter()
        head.append(UInt64(length))
        bytes.replaceSubrange(place...place, with: head.bytes)
    }
}
