import GridModel

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What a process loop does on its thread.
final class ProcessLoopBody {
    private let loop: ProcessLoop
    private let settings: ExecutorSettings
    private let limits: ProcessLifecycle.Limits
    private let boot = ProcessTable.bootMark()
    private let cleaning = BlockingWork("cleaning", limit: 1)
    private var poller = Poller()
    private var scratchPool: ScratchPool
    private var programs: [UInt64: RunningProgram] = [:]
    private var timers = TimerHeap()
    private var callbacks: [UInt64: @Sendable () -> Void] = [:]
    private var nextCallback = UInt64.max
    private var starts: [(UInt64, ProcessLaunch, @Sendable (AttemptEvent) -> Void)] = []
    private var startIndex = 0
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 16)
    private var isStopping = false

    init(_ loop: ProcessLoop, _ settings: ExecutorSettings, number: Int) {
        scratchPool = ScratchPool(folder: settings.workFolder, number: number)
        self.loop = loop
        self.settings = settings
        limits = ProcessLifecycle.Limits(
            lingerQuietMilliseconds: settings.lingerQuietMilliseconds,
            lingerLimitMilliseconds: settings.lingerLimitMilliseconds,
            timeoutGraceMilliseconds: settings.timeoutGraceMilliseconds)
    }

    deinit { buffer.deallocate() }

    func run() {
        _ = poller.add(loop.wakeDescriptor, .read, token: 0)
        while !isStopping || !programs.isEmpty {
            for token in poller.wait(milliseconds: waitMilliseconds()) {
                if token == 0 {
                    for order in loop.takeOrders() { obey(order) }
                } else {
                    ready(token)
                }
            }
            startOne()
            fireTimers()
        }
        scratchPool.removeSpare()
    }

    private func obey(_ order: ProcessLoop.Order) {
        switch order {
        case .start(let key, let launch, let events):
            starts.append((key, launch, events))
        case .cancel(let key, let grace):
            cancel(key, grace)
        case .allow(let key, let bytes):
            guard let program = programs[key] else { return }
            program.credit += bytes
            if program.credit > 0 { resumeReading(program) }
        case .timer(let at, let body):
            callbacks[nextCallback] = body
            timers.insert(nextCallback, at: at)
            nextCallback -= 1
        case .stop:
            isStopping = true
        }
    }

    private func cancel(_ key: UInt64, _ grace: Int64) {
        if let program = programs[key] {
            perform(program.lifecycle.cancel(graceMilliseconds: grace, at: SystemClock.monotonic()), program)
        } else if let index = starts[startIndex...].firstIndex(where: { $0.0 == key }) {
            let (_, _, events) = starts.remove(at: index)
            events(.finished(AttemptOutcome(end: .cancelled, error: "cancelled before it was started")))
        }
    }

    // MARK: starting

    /// One at a time, so that a thousand starts do not keep the outputs of what runs waiting.
    private func startOne() {
        guard startIndex < starts.count else { return }
        let (key, launch, events) = starts[startIndex]
        startIndex += 1
        if startIndex == starts.count || startIndex > 1_024 {
            starts.removeFirst(startIndex)
            startIndex = 0
        }
        guard let scratch = scratchPool.take() else {
            let error = "cannot make a folder in \(settings.workFolder): \(systemErrorText(errno))"
            return events(.finished(AttemptOutcome(end: .refused, error: error)))
        }
        let mark = "\(settings.workFolder)/\(launch.ref)"
        do throws(LaunchFailure) {
            let planner = LaunchPlanner(
                ref: launch.ref, node: settings.node, scratch: scratch, mark: mark, base: settings.environment,
                gpuIndices: launch.gpuIndices)
            let plan = try planner.plan(launch.command)
            let startedAt = SystemClock.monotonic()
            let process = try SpawnedProcess.start(plan)
            let program = RunningProgram(
                key: key, launch: launch, process: process, input: plan.standardInput, scratch: scratch, mark: mark,
                startedAt: startedAt, limits: limits, events: events)
            watch(program)
        } catch {
            removeScratch(scratch)
            events(.finished(error.outcome))
        }
    }

    private func record(_ program: RunningProgram) {
        program.recordAt = nil
        guard let entry = ProcessTable.entry(program.process.id) else { return }
        AttemptRecord(process: program.process.id, startTime: entry.startTime, boot: boot)
            .write(to: AttemptRecord.path(program.launch.ref, in: settings.recordsFolder))
        program.hasRecord = true
    }

    private func watch(_ program: RunningProgram) {
        programs[program.key] = program
        #if canImport(Darwin)
            record(program)
        #else
            // Most programs are over before they are worth a file; until then their mark is enough to find them.
            program.recordAt = program.startedAt.advanced(byMilliseconds: 100)
        #endif
        program.events(.started)
        resumeReading(program)
        if program.process.input >= 0 {
            _ = poller.add(program.process.input, .write, token: program.token(.input))
        }
        #if canImport(Darwin)
            let isWatched = poller.add(program.process.id, .exit, token: program.token(.exit))
        #else
            let isWatched =
                program.process.handle >= 0
                && poller.add(program.process.handle, .exit, token: program.token(.exit))
        #endif
        if !isWatched { program.exitPollAt = SystemClock.monotonic() }
        schedule(program)
    }

    // MARK: what became ready

    private func ready(_ token: UInt64) {
        guard let program = programs[token >> 2], let part = RunningProgram.Part(rawValue: token & 3) else { return }
        switch part {
        case .exit: exited(program)
        case .output, .error: read(program, part)
        case .input: writeInput(program)
        }
    }

    private func exited(_ program: RunningProgram) {
        #if !canImport(Darwin)
            if program.process.handle >= 0 { poller.remove(program.process.handle, .exit) }
        #endif
        program.exitPollAt = nil
        // What it wrote before it ended is there already: most programs are over in this one step.
        for part in [RunningProgram.Part.output, .error] where program.isReading(part) { read(program, part) }
        perform(program.lifecycle.exited(at: SystemClock.monotonic()), program)
    }

    private func read(_ program: RunningProgram, _ part: RunningProgram.Part) {
        let descriptor = program.descriptor(part)
        guard descriptor >= 0, program.isReading(part) else { return }
        guard program.credit > 0 else { return pauseReading(program) }
        let count = systemRead(descriptor, buffer.baseAddress, min(buffer.count, program.credit))
        if count > 0 {
            program.credit -= count
            program.lifecycle.outputMoved(at: SystemClock.monotonic())
            if count >= 65_536 { program.widenPipe(part) }
            program.events(.output(part == .output ? .stdout : .stderr, [UInt8](buffer[..<count])))
            if program.credit <= 0 { pauseReading(program) }
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            if program.isReading(part) { poller.remove(descriptor, .read) }
            program.close(part)
            if program.isOutputClosed { perform(program.lifecycle.outputClosed(), program) }
        }
    }

    private func pauseReading(_ program: RunningProgram) {
        for part in [RunningProgram.Part.output, .error] where program.isReading(part) {
            poller.remove(program.descriptor(part), .read)
            program.setReading(part, false)
        }
    }

    private func resumeReading(_ program: RunningProgram) {
        for part in [RunningProgram.Part.output, .error]
        where program.descriptor(part) >= 0 && !program.isReading(part) {
            if poller.add(program.descriptor(part), .read, token: program.token(part)) {
                program.setReading(part, true)
            }
        }
    }

    private func writeInput(_ program: RunningProgram) {
        let descriptor = program.process.input
        guard !program.isInputClosed else { return }
        let count = program.input.withUnsafeBytes { bytes in
            systemWrite(descriptor, bytes.baseAddress! + program.inputWritten, bytes.count - program.inputWritten)
        }
        if count > 0 { program.inputWritten += count }
        let isBroken = count < 0 && errno != EAGAIN && errno != EINTR
        if isBroken || program.inputWritten == program.input.count {
            poller.remove(descriptor, .write)
            program.closeInput()
        }
    }

    // MARK: time

    private func schedule(_ program: RunningProgram) {
        let deadline = program.nextDeadline
        guard deadline != program.scheduledFor else { return }
        program.scheduledFor = deadline
        if deadline != .distantFuture { timers.insert(program.key, at: deadline) }
    }

    private func waitMilliseconds() -> Int32 {
        if startIndex < starts.count { return 0 }
        guard let next = timers.next else { return -1 }
        let nanoseconds = next.nanoseconds - SystemClock.monotonic().nanoseconds
        return Int32(clamping: max(0, (nanoseconds + 999_999) / 1_000_000))
    }

    private func fireTimers() {
        guard timers.next != nil else { return }
        let now = SystemClock.monotonic()
        while let key = timers.popDue(at: now) {
            if let callback = callbacks.removeValue(forKey: key) {
                callback()
            } else if let program = programs[key], now >= program.scheduledFor {
                program.scheduledFor = .distantFuture
                fire(program, now)
            }
        }
    }

    private func fire(_ program: RunningProgram, _ now: MonotonicTime) {
        if let pollAt = program.exitPollAt, now >= pollAt {
            if ExitStatus.hasEnded(program.process.id) {
                exited(program)
            } else {
                program.exitPollAt = now.advanced(byMilliseconds: 10)
            }
        }
        if let recordAt = program.recordAt, now >= recordAt { record(program) }
        // Nobody is silent while it is us who do not read.
        if program.credit <= 0 { program.lifecycle.outputMoved(at: now) }
        perform(program.lifecycle.due(at: now), program)
    }

    // MARK: ending

    private func perform(_ action: ProcessLifecycle.Action, _ program: RunningProgram) {
        switch action {
        case .none:
            break
        case .terminateTree:
            program.tree.signal(SIGTERM)
            // One that is stopped would not see it.
            program.tree.signal(SIGCONT)
        case .killTree:
            let left = program.tree.signal(SIGKILL)
            return perform(program.lifecycle.swept(left: left, at: SystemClock.monotonic()), program)
        case .sweepTree:
            let left = program.tree.members().count
            return perform(program.lifecycle.swept(left: left, at: SystemClock.monotonic()), program)
        case .finish:
            return finish(program)
        }
        schedule(program)
    }

    private func finish(_ program: RunningProgram) {
        guard case .over(let cause) = program.lifecycle.phase,
            programs.removeValue(forKey: program.key) != nil
        else { return }
        // The process is not reaped yet, so the number of its group cannot be another's.
        kill(-program.process.id, SIGKILL)
        drain(program)
        pauseReading(program)
        if !program.isInputClosed {
            poller.remove(program.process.input, .write)
            program.closeInput()
        }
        program.closeAll()
        let status = ExitStatus.reap(program.process.id)
        let ran = (SystemClock.monotonic().nanoseconds - program.startedAt.nanoseconds) / 1_000
        if program.hasRecord { unlink(AttemptRecord.path(program.launch.ref, in: settings.recordsFolder)) }
        removeScratch(program.scratch)
        program.events(
            .finished(
                status.outcome(
                    cause, timeoutMilliseconds: program.launch.timeoutMilliseconds, runMicroseconds: ran)))
    }

    /// What is in the pipes now, and no more: a stranger may still hold the other end. Goes past the window by what
    /// two pipes hold.
    private func drain(_ program: RunningProgram) {
        for part in [RunningProgram.Part.output, .error] {
            var left = 1 << 20
            while left > 0, program.descriptor(part) >= 0 {
                let count = systemRead(program.descriptor(part), buffer.baseAddress, min(buffer.count, left))
                guard count > 0 else { break }
                left -= count
                program.events(.output(part == .output ? .stdout : .stderr, [UInt8](buffer[..<count])))
            }
        }
    }

    private func removeScratch(_ path: String) {
        if scratchPool.giveBack(path) { return }
        cleaning.run { Folders.remove(path) }
    }
}

/// `read` and `write` under names that a type's own methods do not hide.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}

private func systemWrite(_ descriptor: Int32, _ buffer: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, buffer, count)
}
