import GridModel

/// Why something does not fit, with numbers.
extension Ledger {
    /// Nil when it fits. `sample` names the programs that hold the GPUs.
    func obstacle(to request: ResourceRequest, _ sample: NodeSample?) -> PlacementReport.Obstacle? {
        if kept != .none {
            var unkept = self
            unkept.setKept(.none)
            if unkept.fits(request), !fits(request) {
                return PlacementReport.Obstacle(
                    filter: .preemption, words: "what is free is kept for a task of higher priority", isLasting: false)
            }
        }
        if request.cpuMillis > freeCPUMillis, request.cpuMillis > 0 {
            return PlacementReport.Obstacle(
                filter: .cores,
                words: "\(coreWords(max(0, freeCPUMillis))) of \(coreWords(ownedCPUMillis)) free, "
                    + "\(coreWords(request.cpuMillis)) asked for",
                isLasting: request.cpuMillis > ownedCPUMillis)
        }
        if request.memoryBytes > freeMemoryBytes, request.memoryBytes > 0 { return memoryObstacle(request.memoryBytes) }
        if request.diskBytes > freeDiskBytes, request.diskBytes > 0 {
            return PlacementReport.Obstacle(
                filter: .disk,
                words: "\(byteWords(max(0, freeDiskBytes))) of \(byteWords(ownedDiskBytes)) of disk free, "
                    + "\(byteWords(request.diskBytes)) asked for",
                isLasting: request.diskBytes > ownedDiskBytes)
        }
        if let obstacle = gpuObstacle(request, sample) { return obstacle }
        for (name, count) in request.custom.sorted(by: { $0.key < $1.key }) where count > freeCount(name) {
            let owned = ownedCustom[name] ?? 0
            return PlacementReport.Obstacle(
                filter: .resource, words: "\(max(0, freeCount(name))) of \(owned) \(name) free, \(count) asked for",
                isLasting: count > owned)
        }
        if attempts >= attemptLimit {
            return PlacementReport.Obstacle(
                filter: .attempts, words: "\(attempts) attempts live there, which is the most", isLasting: false)
        }
        return nil
    }

    private func memoryObstacle(_ asked: Int64) -> PlacementReport.Obstacle {
        let strangers =
            foreignMemoryBytes > 0 ? "; \(byteWords(foreignMemoryBytes)) held by other programs" : ""
        return PlacementReport.Obstacle(
            filter: .memory,
            words: "\(byteWords(max(0, freeMemoryBytes))) of \(byteWords(ownedMemoryBytes)) of memory free, "
                + "\(byteWords(asked)) asked for\(strangers)",
            isLasting: asked > ownedMemoryBytes)
    }

    private func gpuObstacle(_ request: ResourceRequest, _ sample: NodeSample?) -> PlacementReport.Obstacle? {
        guard request.asksForGPU else { return nil }
        let present = gpus.indices.filter { gpus[$0].isPresent }
        let isLasting = !couldFit(
            ResourceRequest(
                memoryBytes: request.memoryBytes, gpus: request.gpus, gpuMemoryBytes: request.gpuMemoryBytes))
        guard !present.isEmpty else {
            return PlacementReport.Obstacle(filter: .gpu, words: "it has no GPU", isLasting: true)
        }
        if request.gpus > 0 {
            let free = present.filter { gpus[$0].isFree }
            guard free.count < request.gpus else { return nil }
            let taken = present.first { !gpus[$0].isFree }.map { "; \(words(ofGPU: $0, sample))" } ?? ""
            return PlacementReport.Obstacle(
                filter: .gpu,
                words: "\(free.count) of \(present.count) GPUs wholly free, \(request.gpus) asked for\(taken)",
                isLasting: isLasting)
        }
        guard !present.contains(where: { shareFits(request, on: gpus[$0]) }) else { return nil }
        let best = present.max { gpus[$0].freeUnits < gpus[$1].freeUnits } ?? 0
        return PlacementReport.Obstacle(
            filter: .gpu,
            words: "\(words(ofGPU: best, sample)); \(byteWords(request.gpuMemoryBytes)) of one asked for",
            isLasting: isLasting)
    }

    /// `GPU 0 has 3.1 GiB of 24 GiB free; 18 GiB held by python.exe pid 4412`.
    private func words(ofGPU index: Int, _ sample: NodeSample?) -> String {
        let gpu = gpus[index]
        if gpu.isWhole { return "GPU \(index) is held whole by another task" }
        var words = "GPU \(index) has \(byteWords(gpu.freeUnits)) of \(byteWords(gpu.units)) free"
        if gpu.sharedUnits > 0 { words += "; \(byteWords(gpu.sharedUnits)) reserved by tasks" }
        let holders = sample?.gpus.first { $0.index == index }?.holders.filter { !$0.isAttempt } ?? []
        if let largest = holders.max(by: { $0.memoryBytes < $1.memoryBytes }) {
            words += "; \(byteWords(largest.memoryBytes)) held by \(largest.program) pid \(largest.pid)"
        } else if gpu.foreignUnits > 0 {
            words += "; \(byteWords(gpu.foreignUnits)) held by other programs"
        }
        return words
    }
}

func coreWords(_ millis: Int64) -> String {
    let count = ResourceRequest(cpuMillis: millis).words
    return millis == 0 ? "0 cores" : count
}
