import GridModel

/// Something a node said that cannot be. It was clamped; whoever looks after the node wants to know.
struct Misstatement: Sendable, Hashable {
    /// Stable: one report for each.
    let kind: String
    let words: String
}

extension NodeInventory {
    /// What `sane` had to change.
    func misstatements(sane: NodeInventory) -> [Misstatement] {
        var found: [Misstatement] = []
        // A node that does not say how many cores it has is an old one, not a liar.
        if cores != sane.cores, cores != 0 {
            found.append(Misstatement(kind: "cores", words: "\(cores) cores, taken as \(sane.cores)"))
        }
        if memoryBytes != sane.memoryBytes {
            let words = "\(memoryBytes) bytes of memory, taken as \(sane.memoryBytes)"
            found.append(Misstatement(kind: "memory", words: words))
        }
        if diskBytes != sane.diskBytes {
            found.append(Misstatement(kind: "disk", words: "\(diskBytes) bytes of disk, taken as \(sane.diskBytes)"))
        }
        if gpus.count != sane.gpus.count {
            found.append(Misstatement(kind: "gpus", words: "\(gpus.count) GPUs, taken as \(sane.gpus.count)"))
        }
        for (gpu, other) in zip(gpus, sane.gpus) where gpu.memoryBytes != other.memoryBytes {
            let words = "a GPU with \(gpu.memoryBytes) bytes, taken as \(other.memoryBytes)"
            found.append(Misstatement(kind: "gpu memory", words: words))
            break
        }
        for (name, count) in custom.sorted(by: { $0.key < $1.key }) where count != sane.custom[name] {
            let words = "\(count) of '\(name.prefix(63))', taken as \(sane.custom[name] ?? 0)"
            found.append(Misstatement(kind: "resources", words: words))
            break
        }
        return found
    }
}

extension Node {
    /// What had to be changed of what a hello says.
    var misstatements: [Misstatement] {
        var found = inventory.misstatements(sane: inventory.clamped)
        let sane = labels.clampedLabels
        if let name = labels.keys.sorted().first(where: { labels[$0] != sane[$0] }) {
            found.append(Misstatement(kind: "labels", words: "a label '\(name.prefix(63))' that no node can have"))
        }
        return found
    }
}

extension NodeSample {
    /// What `sane` had to change, and a clock that cannot be right. `before`: what it said last.
    func misstatements(sane: NodeSample, before: NodeSample?, at now: Timestamp) -> [Misstatement] {
        var found: [Misstatement] = []
        if !isSane(sane) {
            let words =
                "measurements out of range: cpu \(cpuPercent) %, memory \(memoryPercent) %, "
                + "\(memoryAvailableBytes) bytes of memory and \(diskFreeBytes) of disk free, load \(load1), "
                + "\(runningAttempts) attempts, \(gpus.count) GPUs"
            found.append(Misstatement(kind: "measurements", words: words))
        }
        guard sentAt.microseconds != 0 else { return found }
        let skew = sentAt.microseconds.subtractingSaturated(now.microseconds)
        if skew.magnitude > Self.clockLimitMicroseconds {
            let words = "a clock \(skew / 1_000_000) s off the coordinator's"
            found.append(Misstatement(kind: "clock", words: words))
        }
        if let before, before.sentAt.microseconds.subtractingSaturated(sentAt.microseconds) > 1_000_000 {
            let words = "a clock that went back from one heartbeat to the next"
            found.append(Misstatement(kind: "clock went back", words: words))
        }
        return found
    }

    /// NaN equals nothing, and so is never sane.
    private func isSane(_ sane: NodeSample) -> Bool {
        // Rounding beyond 100 % is arithmetic, not a lie.
        abs(cpuPercent - sane.cpuPercent) <= 1 && abs(memoryPercent - sane.memoryPercent) <= 1
            && memoryAvailableBytes == sane.memoryAvailableBytes && diskFreeBytes == sane.diskFreeBytes
            && load1 == sane.load1 && runningAttempts == sane.runningAttempts
            && roundTripMicroseconds == sane.roundTripMicroseconds
            && temperatureCelsius == sane.temperatureCelsius && gpus.count == sane.gpus.count
            && zip(gpus, sane.gpus).allSatisfy { gpu, other in
                abs(gpu.utilizationPercent - other.utilizationPercent) <= 1
                    && gpu.memoryUsedBytes == other.memoryUsedBytes
                    && gpu.temperatureCelsius == other.temperatureCelsius && gpu.errorCount == other.errorCount
            }
    }

    /// Ten minutes: far more than any drift.
    private static let clockLimitMicroseconds: UInt64 = 600_000_000
}

extension AttemptOutcome {
    /// The same with every figure in the range a process can have.
    var clamped: AttemptOutcome {
        var sane = self
        sane.usage.userMicroseconds = min(max(0, usage.userMicroseconds), Self.longest)
        sane.usage.systemMicroseconds = min(max(0, usage.systemMicroseconds), Self.longest)
        sane.usage.maxResidentBytes = min(max(0, usage.maxResidentBytes), 1 << 48)
        sane.runMicroseconds = min(max(0, runMicroseconds), Self.longest)
        return sane
    }

    /// What `sane` had to change.
    func misstatements(sane: AttemptOutcome) -> [Misstatement] {
        guard usage != sane.usage || runMicroseconds != sane.runMicroseconds else { return [] }
        let words =
            "an attempt that used \(usage.userMicroseconds) us, \(usage.maxResidentBytes) bytes and ran "
            + "\(runMicroseconds) us"
        return [Misstatement(kind: "usage", words: words)]
    }

    /// A century of processor time on every core there can be would fit.
    private static let longest: Int64 = 1 << 60
}
