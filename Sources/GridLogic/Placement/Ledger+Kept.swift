import GridModel

/// Room that nobody gets but the task for which attempts were asked to end. It is not reserved: what is kept is what
/// the task needs beyond that which is still to be given up, so the node goes on with whatever fits beside it.
struct KeptRoom: Sendable, Hashable {
    static let none = KeptRoom()

    var attempts = 0
    var cpuMillis: Int64 = 0
    var memoryBytes: Int64 = 0
    var diskBytes: Int64 = 0
    var custom: [String: Int64] = [:]
    /// Nobody else gets anything of these.
    var gpuIndices: [Int] = []
}

extension Ledger {
    /// What is to be kept so that the request fits when `ending` have ended; nil when it will not fit even then.
    func roomToKeep(for request: ResourceRequest, ending: [Reservation]) -> KeptRoom? {
        var emptied = self
        emptied.setKept(.none)
        let before = emptied
        for reservation in ending { emptied.release(reservation) }
        guard emptied.fits(request) else { return nil }
        var room = KeptRoom()
        room.attempts = ending.isEmpty ? 1 : 0
        room.gpuIndices = request.asksForGPU ? emptied.chooseGPUs(request) : []
        let isUnified = room.gpuIndices.contains { emptied.gpus[$0].isUnified } && request.gpuMemoryBytes > 0
        let memory = request.memoryBytes + (isUnified ? request.gpuMemoryBytes : 0)
        room.cpuMillis = max(0, request.cpuMillis - (emptied.freeCPUMillis - before.freeCPUMillis))
        room.memoryBytes = max(0, memory - (emptied.freeMemoryBytes - before.freeMemoryBytes))
        room.diskBytes = max(0, request.diskBytes - (emptied.freeDiskBytes - before.freeDiskBytes))
        for (name, count) in request.custom where count > 0 {
            room.custom[name] = max(0, count - (emptied.freeCount(name) - before.freeCount(name)))
        }
        return room
    }
}
