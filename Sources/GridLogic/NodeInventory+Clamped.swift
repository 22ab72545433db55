package import GridModel

extension NodeInventory {
    /// GPUs of one node that are looked at.
    package static let gpuLimit = 64

    /// The same with every number in the range a machine can have: what a node says of itself is not to be trusted.
    package var clamped: NodeInventory {
        var sane = self
        sane.cores = min(max(cores, 1), 4_096)
        sane.memoryBytes = min(max(memoryBytes, 0), 1 << 48)
        sane.diskBytes = min(max(diskBytes, 0), 1 << 56)
        sane.gpus = gpus.prefix(Self.gpuLimit).map { gpu in
            var sane = gpu
            sane.memoryBytes = min(max(gpu.memoryBytes, 0), 1 << 44)
            return sane
        }
        sane.custom = custom.clampedResources
        return sane
    }
}

extension [String: String] {
    /// Of a node's labels those that a label can be, 64 at most; the least names win.
    package var clampedLabels: [String: String] {
        guard !isEmpty else { return self }
        let sane = filter { NodeLimits.isName($0.key) && NodeLimits.isLabelText($0.value) }
        guard sane.count > NodeLimits.labels else { return sane }
        return Dictionary(uniqueKeysWithValues: sane.sorted { $0.key < $1.key }.prefix(NodeLimits.labels).map { $0 })
    }
}

extension [String: Int64] {
    /// What a node has: at most 64 well-formed names, each with a count within `NodeLimits`; the least names win.
    fileprivate var clampedResources: [String: Int64] {
        guard !isEmpty else { return self }
        let (least, most) = (NodeLimits.resourceCounts.lowerBound, NodeLimits.resourceCounts.upperBound)
        let named = filter { NodeLimits.isName($0.key) }.sorted { $0.key < $1.key }.prefix(NodeLimits.resources)
        return Dictionary(
            uniqueKeysWithValues: named.map { ($0.key, Swift.min(Swift.max($0.value, least), most)) })
    }

    /// At most 64 names, each with a count from 0 to a million million; the least names win.
    fileprivate var clampedCounts: [String: Int64] {
        guard !isEmpty else { return self }
        let named = sorted { $0.key < $1.key }.prefix(64)
        return Dictionary(uniqueKeysWithValues: named.map { ($0.key, Swift.min(Swift.max($0.value, 0), 1 << 40)) })
    }
}

extension ResourceRequest {
    /// The same within what can be added up a million times without overflow.
    package var clamped: ResourceRequest {
        ResourceRequest(
            cpuMillis: min(max(cpuMillis, 0), 4_096_000), memoryBytes: min(max(memoryBytes, 0), 1 << 48),
            gpus: min(max(gpus, 0), 4_096), gpuMemoryBytes: min(max(gpuMemoryBytes, 0), 1 << 44),
            diskBytes: min(max(diskBytes, 0), 1 << 56), custom: custom.clampedCounts)
    }
}

extension NodeSample {
    /// The same with every figure finite and in its range.
    package var clamped: NodeSample {
        var sane = self
        sane.cpuPercent = cpuPercent.clampedPercent
        sane.memoryPercent = memoryPercent.clampedPercent
        sane.memoryAvailableBytes = max(0, memoryAvailableBytes)
        sane.diskFreeBytes = max(0, diskFreeBytes)
        sane.load1 = load1.isFinite ? min(max(load1, 0), 1_000_000) : 0
        sane.runningAttempts = min(max(runningAttempts, 0), 1_000_000)
        sane.sleptMilliseconds = min(max(sleptMilliseconds, 0), 31_536_000_000)
        sane.roundTripMicroseconds = min(max(roundTripMicroseconds, 0), 3_600_000_000)
        sane.temperatureCelsius = temperatureCelsius.clampedTemperature
        sane.gpus = gpus.prefix(NodeInventory.gpuLimit).map { gpu in
            var sane = gpu
            sane.utilizationPercent = gpu.utilizationPercent.clampedPercent
            sane.memoryUsedBytes = max(0, gpu.memoryUsedBytes)
            sane.temperatureCelsius = gpu.temperatureCelsius.clampedTemperature
            sane.errorCount = gpu.errorCount.map { min(max($0, 0), 1 << 40) }
            sane.holders = gpu.holders.prefix(64).map { holder in
                var sane = holder
                sane.memoryBytes = min(max(holder.memoryBytes, 0), 1 << 44)
                return sane
            }
            return sane
        }
        return sane
    }
}

extension Double {
    /// 0 ... 100; 0 for what is not a number.
    var clampedPercent: Double { isNaN ? 0 : Swift.min(Swift.max(self, 0), 100) }

    /// Celsius; 0, which is "not known", for what no machine that answers can be.
    fileprivate var clampedTemperature: Double { self > -100 && self < 1_000 ? self : 0 }
}
