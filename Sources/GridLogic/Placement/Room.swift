import GridModel

/// What is free on a node, as the estimates see it: single precision, at most 16 GPUs, in ascending order of what is
/// free.
struct Room: Sendable {
    static let gpuLimit = 16

    var cpuMillis: Float
    var memoryBytes: Float
    var free = SIMD16<Float>(repeating: 0)
    var units = SIMD16<Float>(repeating: 1)
    var count = 0
    /// Their memory is the node's.
    var isUnified = false
    /// The constraints that the node satisfies, of those the tasks have.
    var eligibility: UInt64

    init(_ ledger: Ledger, eligibility: UInt64) {
        cpuMillis = Float(max(0, ledger.freeCPUMillis))
        memoryBytes = Float(max(0, ledger.freeMemoryBytes))
        self.eligibility = eligibility
        for gpu in ledger.gpus.prefix(Self.gpuLimit) where gpu.isPresent {
            isUnified = isUnified || gpu.isUnified
            insert(free: gpu.isFree ? Float(gpu.units) : Float(gpu.freeUnits), units: Float(max(1, gpu.units)))
        }
    }

    var wholeGPUs: Int {
        var whole = 0
        for index in 0..<count where free[index] >= units[index] { whole += 1 }
        return whole
    }

    /// In GPUs.
    var freeGPUs: Float { (free / units).sum() }

    private mutating func insert(free value: Float, units size: Float) {
        var index = count
        while index > 0, free[index - 1] > value {
            free[index] = free[index - 1]
            units[index] = units[index - 1]
            index -= 1
        }
        free[index] = value
        units[index] = size
        count += 1
    }

    /// Takes what a task asks for, a share from the GPU of which `freeUnits` are free.
    mutating func take(_ request: ResourceRequest, freeUnits: Float) {
        cpuMillis -= Float(request.cpuMillis)
        memoryBytes -= Float(request.memoryBytes)
        if request.gpus > 0 {
            var wanted = request.gpus
            var left = self
            left.free = .zero
            left.units = SIMD16(repeating: 1)
            left.count = 0
            for index in 0..<count {
                let isTaken = wanted > 0 && free[index] >= units[index]
                if isTaken { wanted -= 1 }
                left.insert(free: isTaken ? 0 : free[index], units: units[index])
            }
            self = left
        } else if request.gpuMemoryBytes > 0 {
            if isUnified { memoryBytes -= Float(request.gpuMemoryBytes) }
            guard var index = (0..<count).first(where: { free[$0] == freeUnits }) else { return }
            let (value, size) = (freeUnits - Float(request.gpuMemoryBytes), units[index])
            while index > 0, free[index - 1] > value {
                free[index] = free[index - 1]
                units[index] = units[index - 1]
                index -= 1
            }
            free[index] = value
            units[index] = size
        }
    }

    /// Equal for equal rooms; of 2^64, so that others are hardly ever taken for equal.
    var fingerprint: UInt64 {
        var hash = SplitMix64.mixed(eligibility ^ UInt64(count) << 56 ^ (isUnified ? 1 << 63 : 0))
        hash = SplitMix64.mixed(hash ^ UInt64(cpuMillis.bitPattern) ^ UInt64(memoryBytes.bitPattern) << 32)
        for index in 0..<count {
            let pair = UInt64(free[index].bitPattern) ^ UInt64(units[index].bitPattern) << 32
            hash = (hash ^ pair) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 29
        }
        return hash
    }
}
