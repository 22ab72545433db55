package import GridModel

/// Whether something fits.
extension Ledger {
    package var freeCPUMillis: Int64 { ownedCPUMillis - reservedCPUMillis - kept.cpuMillis }
    package var freeMemoryBytes: Int64 {
        ownedMemoryBytes - reservedMemoryBytes - unifiedBytes - foreignMemoryBytes - kept.memoryBytes
    }
    package var freeDiskBytes: Int64 { ownedDiskBytes - reservedDiskBytes - foreignDiskBytes - kept.diskBytes }

    package func fits(_ request: ResourceRequest) -> Bool {
        guard attempts + kept.attempts < attemptLimit else { return false }
        if request.cpuMillis > 0, request.cpuMillis > freeCPUMillis { return false }
        if request.memoryBytes > 0, request.memoryBytes > freeMemoryBytes { return false }
        if request.diskBytes > 0, request.diskBytes > freeDiskBytes { return false }
        if request.asksForGPU, !gpusFit(request) { return false }
        return request.custom.isEmpty || request.custom.allSatisfy { $1 <= freeCount($0) }
    }

    /// Whether it would fit if nothing else were here.
    package func couldFit(_ request: ResourceRequest) -> Bool {
        if request.cpuMillis > ownedCPUMillis || request.memoryBytes > ownedMemoryBytes { return false }
        if request.diskBytes > ownedDiskBytes { return false }
        guard request.custom.allSatisfy({ $1 <= ownedCustom[$0] ?? 0 }) else { return false }
        guard request.asksForGPU else { return true }
        if request.gpus > 0 { return request.gpus <= gpus.count(where: \.isPresent) }
        return gpus.contains { gpu in
            gpu.isPresent && gpu.units >= request.gpuMemoryBytes
                && (!gpu.isUnified || request.memoryBytes + request.gpuMemoryBytes <= ownedMemoryBytes)
        }
    }

    package func freeCount(_ name: String) -> Int64 {
        (ownedCustom[name] ?? 0) - (reservedCustom[name] ?? 0) - (kept.custom[name] ?? 0)
    }

    func shareFits(_ request: ResourceRequest, on gpu: GPUUse) -> Bool {
        gpu.freeUnits >= request.gpuMemoryBytes && gpu.isPresent && !gpu.isWhole
            && (!gpu.isUnified || request.memoryBytes + request.gpuMemoryBytes <= freeMemoryBytes)
    }

    private func gpusFit(_ request: ResourceRequest) -> Bool {
        guard request.gpus > 0 else { return gpus.contains { shareFits(request, on: $0) } }
        var free = 0
        for gpu in gpus where gpu.isFree { free += 1 }
        return free >= request.gpus
    }

    /// Whole ones from the first; a share on the GPU where least is left over.
    func chooseGPUs(_ request: ResourceRequest) -> [Int] {
        if request.gpus > 0 {
            return Array(gpus.indices.filter { gpus[$0].isFree }.prefix(request.gpus))
        }
        let fitting = gpus.indices.filter { shareFits(request, on: gpus[$0]) }
        return fitting.min { gpus[$0].freeUnits < gpus[$1].freeUnits }.map { [$0] } ?? []
    }
}
