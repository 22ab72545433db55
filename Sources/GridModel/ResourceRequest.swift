/// What a task needs of its node while it runs.
package struct ResourceRequest: Sendable, Hashable {
    /// Thousandths of a core. 0 asks for nothing and always fits.
    package var cpuMillis: Int64
    package var memoryBytes: Int64
    /// Whole GPUs.
    package var gpus: Int
    /// A share of one GPU's memory; 0 when whole GPUs, or none, are asked for.
    package var gpuMemoryBytes: Int64
    package var diskBytes: Int64
    /// So many of what a node's owner counts: `license.matlab` → 1.
    package var custom: [String: Int64]

    package init(
        cpuMillis: Int64 = 0, memoryBytes: Int64 = 0, gpus: Int = 0, gpuMemoryBytes: Int64 = 0, diskBytes: Int64 = 0,
        custom: [String: Int64] = [:]
    ) {
        self.cpuMillis = cpuMillis
        self.memoryBytes = memoryBytes
        self.gpus = gpus
        self.gpuMemoryBytes = gpuMemoryBytes
        self.diskBytes = diskBytes
        self.custom = custom
    }

    package static let none = ResourceRequest()

    package var asksForGPU: Bool { gpus > 0 || gpuMemoryBytes > 0 }
}

/// What one attempt holds of its node: the request, and the GPUs it was given.
package struct Reservation: Sendable, Hashable {
    package var request: ResourceRequest
    /// Indices into the node's GPUs, ascending.
    package var gpuIndices: [Int]

    package init(request: ResourceRequest, gpuIndices: [Int] = []) {
        self.request = request
        self.gpuIndices = gpuIndices
    }
}
