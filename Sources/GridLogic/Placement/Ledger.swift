package import GridModel

/// What one node has, what its living attempts hold of it, and what other programs hold of it as last measured.
///
/// Reserved is the sum over the living attempts and never exceeds capacity. When a node comes back with less than is
/// held of it, the difference stays capacity until it is given back: nothing new fits, and nothing that runs is wrong.
/// What is measured only takes room away: it is never reserved.
package struct Ledger: Sendable {
    /// One GPU: held whole, shared, or free.
    struct GPUUse: Sendable {
        /// What shares of it are counted in: bytes of its memory, or thousandths in a trace.
        var units: Int64
        /// As the node said; less than `units` while more than that is held.
        var ownedUnits: Int64
        var sharedUnits: Int64 = 0
        /// Held by programs that are not attempts of this grid.
        var foreignUnits: Int64 = 0
        var isWhole = false
        /// False when the node no longer has it; kept while something holds it.
        var isPresent = true
        /// A share of it is a share of the node's memory.
        var isUnified = false
        /// For a task that waits until attempts have ended here.
        var isKept = false

        /// A desktop's few windows do not make a GPU unfit to be had whole; a tenth of its memory does.
        var isFree: Bool { isPresent && !isWhole && !isKept && sharedUnits == 0 && foreignUnits <= units / 10 }
        var freeUnits: Int64 { isPresent && !isWhole && !isKept ? max(0, units - sharedUnits - foreignUnits) : 0 }
    }

    /// As the node said, made sane.
    private(set) var ownedCPUMillis: Int64 = 0
    private(set) var ownedMemoryBytes: Int64 = 0
    private(set) var ownedDiskBytes: Int64 = 0
    private(set) var ownedCustom: [String: Int64] = [:]
    private(set) var reservedCPUMillis: Int64 = 0
    private(set) var reservedMemoryBytes: Int64 = 0
    private(set) var reservedDiskBytes: Int64 = 0
    private(set) var reservedCustom: [String: Int64] = [:]
    /// The part of shared GPUs that draws on the node's memory.
    private(set) var unifiedBytes: Int64 = 0
    private(set) var foreignMemoryBytes: Int64 = 0
    private(set) var foreignDiskBytes: Int64 = 0
    private(set) var gpus: [GPUUse] = []
    private(set) var kept = KeptRoom.none
    private(set) var attempts = 0
    let attemptLimit: Int
    /// 0 idle ... 1 full, and a little for every attempt, so that those which ask for nothing count too.
    private(set) var load = 0.0
    /// Round trip of its last heartbeat; 0 when unknown.
    private(set) var roundTripMicroseconds: Int64 = 0
    /// When something was last placed here, as a count of placements: equals are used in turn.
    var lastPlaced: UInt64 = 0

    package init(attemptLimit: Int) { self.attemptLimit = attemptLimit }

    package mutating func setCapacity(_ inventory: NodeInventory) {
        ownedCPUMillis = Int64(inventory.cores) * 1_000
        ownedMemoryBytes = inventory.memoryBytes
        ownedDiskBytes = inventory.diskBytes
        ownedCustom = inventory.custom
        for index in gpus.indices { gpus[index].isPresent = index < inventory.gpus.count }
        for (index, gpu) in inventory.gpus.enumerated() {
            if index < gpus.count {
                gpus[index].ownedUnits = gpu.memoryBytes
                gpus[index].units = max(gpu.memoryBytes, gpus[index].sharedUnits)
                gpus[index].isUnified = gpu.isUnified
            } else {
                gpus.append(GPUUse(units: gpu.memoryBytes, ownedUnits: gpu.memoryBytes, isUnified: gpu.isUnified))
            }
        }
        dropAbsentGPUs()
        weigh()
    }

    /// Takes over what is used there beside what is reserved. True when there is more room than before.
    package mutating func measure(_ sample: NodeSample) -> Bool {
        let before = (foreignMemoryBytes, foreignDiskBytes)
        roundTripMicroseconds = sample.roundTripMicroseconds
        foreignMemoryBytes =
            sample.memoryAvailableBytes > 0
            ? max(0, ownedMemoryBytes - sample.memoryAvailableBytes - reservedMemoryBytes - unifiedBytes) : 0
        foreignDiskBytes =
            sample.diskFreeBytes > 0 && ownedDiskBytes > 0
            ? max(0, ownedDiskBytes - sample.diskFreeBytes - reservedDiskBytes) : 0
        var isMore = foreignMemoryBytes < before.0 || foreignDiskBytes < before.1
        for measured in sample.gpus where gpus.indices.contains(measured.index) {
            let gpu = gpus[measured.index]
            let strangers = measured.holders.reduce(Int64(0)) { $0 + ($1.isAttempt ? 0 : $1.memoryBytes) }
            let foreign =
                gpu.isUnified ? 0 : max(strangers, gpu.isWhole ? 0 : measured.memoryUsedBytes - gpu.sharedUnits)
            isMore = isMore || foreign < gpu.foreignUnits
            gpus[measured.index].foreignUnits = min(max(0, foreign), gpu.units)
        }
        weigh()
        return isMore
    }

    /// Takes it, a share from `gpu` when it is given; it `fits`.
    package mutating func reserve(_ request: ResourceRequest, gpu: Int? = nil) -> Reservation {
        let indices = request.asksForGPU ? gpu.map { [$0] } ?? chooseGPUs(request) : []
        let reservation = Reservation(request: request, gpuIndices: indices)
        hold(reservation)
        return reservation
    }

    /// Takes what an attempt is already known to hold, after a restart; may exceed what the node said it has.
    package mutating func hold(_ reservation: Reservation) {
        let request = reservation.request
        attempts += 1
        add(request, sign: 1)
        for index in reservation.gpuIndices where (0..<NodeInventory.gpuLimit).contains(index) {
            while gpus.count <= index { gpus.append(GPUUse(units: 0, ownedUnits: 0, isPresent: false)) }
            if request.gpus > 0 {
                gpus[index].isWhole = true
            } else {
                gpus[index].sharedUnits += max(0, request.gpuMemoryBytes)
                gpus[index].units = max(gpus[index].units, gpus[index].sharedUnits)
            }
        }
        weigh()
    }

    package mutating func release(_ reservation: Reservation) {
        let request = reservation.request
        attempts -= 1
        add(request, sign: -1)
        for index in reservation.gpuIndices where index < gpus.count && index >= 0 {
            if request.gpus > 0 {
                gpus[index].isWhole = false
            } else {
                gpus[index].sharedUnits -= max(0, request.gpuMemoryBytes)
                gpus[index].units = max(gpus[index].ownedUnits, gpus[index].sharedUnits)
            }
        }
        if !reservation.gpuIndices.isEmpty { dropAbsentGPUs() }
        weigh()
    }

    /// In place of what was kept before.
    mutating func setKept(_ room: KeptRoom) {
        kept = room
        for index in gpus.indices { gpus[index].isKept = room.gpuIndices.contains(index) }
    }

    /// Whole GPUs held, and the memory held of shared ones.
    package var reserved: ResourceRequest {
        ResourceRequest(
            cpuMillis: reservedCPUMillis, memoryBytes: reservedMemoryBytes,
            gpus: gpus.reduce(0) { $0 + ($1.isWhole ? 1 : 0) },
            gpuMemoryBytes: gpus.reduce(0) { $0 + $1.sharedUnits }, diskBytes: reservedDiskBytes,
            custom: reservedCustom)
    }

    package var capacity: ResourceRequest {
        ResourceRequest(
            cpuMillis: max(ownedCPUMillis, reservedCPUMillis), memoryBytes: max(ownedMemoryBytes, reservedMemoryBytes),
            gpus: gpus.count, gpuMemoryBytes: gpus.reduce(0) { $0 + $1.units },
            diskBytes: max(ownedDiskBytes, reservedDiskBytes),
            custom: ownedCustom.merging(reservedCustom, uniquingKeysWith: max))
    }

    private mutating func add(_ request: ResourceRequest, sign: Int64) {
        reservedCPUMillis += sign * max(0, request.cpuMillis)
        reservedMemoryBytes += sign * max(0, request.memoryBytes)
        reservedDiskBytes += sign * max(0, request.diskBytes)
        for (name, count) in request.custom where count > 0 {
            let held = (reservedCustom[name] ?? 0) + sign * count
            reservedCustom[name] = held == 0 ? nil : held
        }
    }

    private mutating func weigh() {
        unifiedBytes = 0
        var usedGPU = 0.0
        for gpu in gpus {
            if gpu.isUnified { unifiedBytes += gpu.sharedUnits }
            if gpu.isWhole { usedGPU += 1 } else { usedGPU += Double(gpu.sharedUnits) / Double(max(gpu.units, 1)) }
        }
        let cores = Double(max(ownedCPUMillis, 1_000)) / 1_000
        let memory = reservedMemoryBytes + unifiedBytes
        load = max(Double(reservedCPUMillis) / (cores * 1_000), usedGPU / Double(max(gpus.count, 1)))
        if memory > 0 { load = max(load, Double(memory) / Double(max(ownedMemoryBytes, 1))) }
        load += Double(attempts) / cores / 100
    }

    private mutating func dropAbsentGPUs() {
        while let last = gpus.last, !last.isPresent, !last.isWhole, last.sharedUnits == 0 { gpus.removeLast() }
    }
}
