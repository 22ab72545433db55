package import GridModel

/// What one node has and what its living attempts hold of it.
///
/// Reserved is the sum over the living attempts and never exceeds capacity. When a node comes back with less than is
/// held of it, the difference stays capacity until it is given back: nothing new fits, and nothing that runs is wrong.
package struct Ledger: Sendable {
    /// One GPU: held whole, shared by memory, or free.
    struct GPUUse: Sendable {
        var memoryBytes: Int64
        var sharedBytes: Int64 = 0
        var isWhole = false
        /// False when the node no longer has it; kept while something holds it.
        var isPresent = true

        var isFree: Bool { isPresent && !isWhole && sharedBytes == 0 }
    }

    /// As the node said, made sane.
    private var ownedCPUMillis: Int64 = 0
    private var ownedMemoryBytes: Int64 = 0
    private(set) var reservedCPUMillis: Int64 = 0
    private(set) var reservedMemoryBytes: Int64 = 0
    private var gpus: [GPUUse] = []
    private(set) var attempts = 0
    private let attemptLimit: Int
    /// 0 idle ... 1 full, and a little for every attempt, so that those which ask for nothing count too.
    private(set) var load = 0.0
    /// When something was last placed here, as a count of placements: equals are used in turn.
    var lastPlaced: UInt64 = 0

    package init(attemptLimit: Int) { self.attemptLimit = attemptLimit }

    package mutating func setCapacity(_ inventory: NodeInventory) {
        ownedCPUMillis = Int64(inventory.cores) * 1_000
        ownedMemoryBytes = inventory.memoryBytes
        for index in gpus.indices { gpus[index].isPresent = index < inventory.gpus.count }
        for (index, gpu) in inventory.gpus.enumerated() {
            if index < gpus.count {
                gpus[index].memoryBytes = max(gpu.memoryBytes, gpus[index].sharedBytes)
            } else {
                gpus.append(GPUUse(memoryBytes: gpu.memoryBytes))
            }
        }
        dropAbsentGPUs()
        weigh()
    }

    package func fits(_ request: ResourceRequest) -> Bool {
        guard attempts < attemptLimit else { return false }
        if request.cpuMillis > 0, request.cpuMillis > ownedCPUMillis - reservedCPUMillis { return false }
        if request.memoryBytes > 0, request.memoryBytes > ownedMemoryBytes - reservedMemoryBytes { return false }
        if request.gpus > 0 || request.gpuMemoryBytes > 0 { return gpusFit(request) }
        return true
    }

    /// Whether it would fit if nothing else were here.
    package func couldFit(_ request: ResourceRequest) -> Bool {
        if request.cpuMillis > ownedCPUMillis || request.memoryBytes > ownedMemoryBytes { return false }
        let present = gpus.filter(\.isPresent)
        if request.gpus > present.count { return false }
        return request.gpuMemoryBytes <= 0 || present.contains { $0.memoryBytes >= request.gpuMemoryBytes }
    }

    /// Takes it; `fits` was true.
    package mutating func reserve(_ request: ResourceRequest) -> Reservation {
        let indices = request.gpus > 0 || request.gpuMemoryBytes > 0 ? chooseGPUs(request) : []
        let reservation = Reservation(request: request, gpuIndices: indices)
        hold(reservation)
        return reservation
    }

    /// Takes what an attempt is already known to hold, after a restart; may exceed what the node said it has.
    package mutating func hold(_ reservation: Reservation) {
        let request = reservation.request
        attempts += 1
        reservedCPUMillis += max(0, request.cpuMillis)
        reservedMemoryBytes += max(0, request.memoryBytes)
        for index in reservation.gpuIndices where (0..<NodeInventory.gpuLimit).contains(index) {
            while gpus.count <= index { gpus.append(GPUUse(memoryBytes: 0, isPresent: false)) }
            if request.gpus > 0 {
                gpus[index].isWhole = true
            } else {
                gpus[index].sharedBytes += max(0, request.gpuMemoryBytes)
                gpus[index].memoryBytes = max(gpus[index].memoryBytes, gpus[index].sharedBytes)
            }
        }
        weigh()
    }

    package mutating func release(_ reservation: Reservation) {
        let request = reservation.request
        attempts -= 1
        reservedCPUMillis -= max(0, request.cpuMillis)
        reservedMemoryBytes -= max(0, request.memoryBytes)
        for index in reservation.gpuIndices where index < gpus.count && index >= 0 {
            if request.gpus > 0 {
                gpus[index].isWhole = false
            } else {
                gpus[index].sharedBytes -= max(0, request.gpuMemoryBytes)
            }
        }
        if !reservation.gpuIndices.isEmpty { dropAbsentGPUs() }
        weigh()
    }

    /// Whole GPUs held, and the memory held of shared ones.
    package var reserved: ResourceRequest {
        ResourceRequest(
            cpuMillis: reservedCPUMillis, memoryBytes: reservedMemoryBytes,
            gpus: gpus.reduce(0) { $0 + ($1.isWhole ? 1 : 0) },
            gpuMemoryBytes: gpus.reduce(0) { $0 + $1.sharedBytes })
    }

    package var capacity: ResourceRequest {
        ResourceRequest(
            cpuMillis: max(ownedCPUMillis, reservedCPUMillis), memoryBytes: max(ownedMemoryBytes, reservedMemoryBytes),
            gpus: gpus.count, gpuMemoryBytes: gpus.reduce(0) { $0 + $1.memoryBytes })
    }

    private mutating func weigh() {
        let cores = Double(max(ownedCPUMillis, 1_000)) / 1_000
        let cpu = Double(reservedCPUMillis) / (cores * 1_000)
        let memory = Double(reservedMemoryBytes) / Double(max(ownedMemoryBytes, 1))
        load = max(cpu, reservedMemoryBytes == 0 ? 0 : memory) + Double(attempts) / cores / 100
    }
}

extension Ledger {
    private func gpusFit(_ request: ResourceRequest) -> Bool {
        if request.gpus > 0 {
            var free = 0
            for gpu in gpus where gpu.isFree { free += 1 }
            return free >= request.gpus
        }
        return gpus.contains { Self.shareFits(request, on: $0) }
    }

    /// Whole ones from the first; a share on the GPU where least is left over.
    private func chooseGPUs(_ request: ResourceRequest) -> [Int] {
        if request.gpus > 0 {
            return Array(gpus.indices.filter { gpus[$0].isFree }.prefix(request.gpus))
        }
        let fitting = gpus.indices.filter { Self.shareFits(request, on: gpus[$0]) }
        return fitting.min { gpus[$0].memoryBytes - gpus[$0].sharedBytes < gpus[$1].memoryBytes - gpus[$1].sharedBytes }
            .map { [$0] } ?? []
    }

    private static func shareFits(_ request: ResourceRequest, on gpu: GPUUse) -> Bool {
        gpu.isPresent && !gpu.isWhole && gpu.memoryBytes - gpu.sharedBytes >= request.gpuMemoryBytes
    }

    private mutating func dropAbsentGPUs() {
        while let last = gpus.last, !last.isPresent, !last.isWhole, last.sharedBytes == 0 { gpus.removeLast() }
    }
}
