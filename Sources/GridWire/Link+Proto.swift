package import GridModel

/// Task numbers of strangers are checked before they are believed.
private func attemptRef(task: UInt64, epoch: UInt32) throws(WireError) -> AttemptRef {
    guard task > 0, task < 1 << 40 else { throw WireError(field: "task", "is not a task number") }
    guard epoch > 0 else { throw WireError(field: "epoch", "must be at least 1") }
    return AttemptRef(task: TaskID(number: task), epoch: epoch)
}

extension Noizylab_Grid_AttemptRef {
    package init(_ ref: AttemptRef) {
        self.init()
        task = ref.task.number
        epoch = ref.epoch
    }

    package func model() throws(WireError) -> AttemptRef { try attemptRef(task: task, epoch: epoch) }
}

extension Noizylab_Grid_OutputChunk {
    package init(_ chunk: OutputChunk) {
        self.init()
        offset = chunk.offset
        stream = UInt32(chunk.stream.rawValue)
        data = .init(chunk.bytes)
    }

    package func model() throws(WireError) -> OutputChunk {
        guard let stream = OutputStream(rawValue: UInt8(clamping: stream)) else {
            throw WireError(field: "chunks.stream", "is neither 1 (stdout) nor 2 (stderr)")
        }
        guard offset >= 0, offset <= .max - Int64(data.count) else {
            throw WireError(field: "chunks.offset", "is out of range")
        }
        return OutputChunk(offset: offset, stream: stream, bytes: [UInt8](data))
    }
}

extension Noizylab_Grid_AttemptOutput {
    package func ref() throws(WireError) -> AttemptRef { try attemptRef(task: task, epoch: epoch) }
}

extension Noizylab_Grid_OutputAck {
    package init(_ ref: AttemptRef, offset: Int64) {
        self.init()
        task = ref.task.number
        epoch = ref.epoch
        self.offset = offset
    }

    package func ref() throws(WireError) -> AttemptRef { try attemptRef(task: task, epoch: epoch) }
}

extension Noizylab_Grid_AttemptReport {
    package init(_ report: AttemptReport) {
        self.init()
        task = report.ref.task.number
        epoch = report.ref.epoch
        switch report {
        case .started: started = true
        case .progress(_, let percent, let stage):
            progress.epoch = report.ref.epoch
            progress.percent = percent
            progress.stage = stage
        case .finished(_, let outcome): finished = Noizylab_Grid_AttemptOutcome(outcome)
        }
    }

    package func model() throws(WireError) -> AttemptReport {
        let ref = try attemptRef(task: task, epoch: epoch)
        switch report {
        case .started: return .started(ref)
        case .progress(let update):
            let percent = update.percent.isFinite ? min(max(update.percent, 0), 100) : 0
            return .progress(ref, percent: percent, stage: update.stage)
        case .finished(let outcome): return .finished(ref, try outcome.model())
        case nil: throw WireError(field: "report", "is missing")
        }
    }
}

extension Noizylab_Grid_AgentOrder {
    package init(_ order: Order) {
        self.init()
        switch order {
        case .start(let start):
            set(start.ref)
            self.start.spec = Noizylab_Grid_TaskSpec(start.spec)
            self.start.gpuIndices = start.gpuIndices.map { UInt32(clamping: $0) }
        case .cancel(let ref, let grace):
            set(ref)
            cancel.graceMs = grace
        case .forget(let ref):
            set(ref)
            forget = true
        }
    }

    private mutating func set(_ ref: AttemptRef) {
        task = ref.task.number
        epoch = ref.epoch
    }

    package func model() throws(WireError) -> Order {
        let ref = try attemptRef(task: task, epoch: epoch)
        switch order {
        case .start(let start):
            return .start(
                AttemptStart(ref: ref, spec: try start.spec.model(), gpuIndices: start.gpuIndices.map(Int.init)))
        case .cancel(let cancel): return .cancel(ref, graceMilliseconds: cancel.graceMs)
        case .forget: return .forget(ref)
        case nil: throw WireError(field: "order", "is missing")
        }
    }
}
