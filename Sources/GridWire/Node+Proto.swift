package import GridModel

extension Noizylab_Grid_NodeInfo {
    /// What is kept of a node; liveness and measurements are the caller's to add.
    package init(_ node: Node) {
        self.init()
        name = node.name.text
        role = node.role.text
        link = node.link.rawValue
        schedulability = node.schedulability.rawValue
        address = node.address
        inventory = Noizylab_Grid_NodeInventory(node.inventory)
        labels = node.labels
        isExternal = node.isExternal
        drainDeadlineUs = node.drainDeadline?.microseconds ?? 0
        keptAnswerMs = node.answerMilliseconds
        isDrainedForRisk = node.isDrainedForRisk
    }

    package func model() throws(WireError) -> Node {
        guard let name = NodeName(name) else { throw WireError(field: "name", "is not a node name") }
        var node = Node(
            name: name, role: NodeRole(role), link: try named(link, field: "link", fallback: .agent),
            address: address, inventory: inventory.model(),
            schedulability: try named(schedulability, field: "schedulability", fallback: .open), labels: labels,
            isExternal: isExternal)
        if drainDeadlineUs != 0 { node.drainDeadline = Timestamp(microseconds: drainDeadlineUs) }
        node.answerMilliseconds = max(0, keptAnswerMs)
        node.isDrainedForRisk = isDrainedForRisk
        return node
    }
}

extension Noizylab_Grid_NodeInventory {
    package init(_ inventory: NodeInventory) {
        self.init()
        os = inventory.os
        osVersion = inventory.osVersion
        arch = inventory.arch
        hostname = inventory.hostname
        cores = UInt32(clamping: inventory.cores)
        memoryBytes = inventory.memoryBytes
        diskBytes = inventory.diskBytes
        gpus = inventory.gpus.map { gpu in
            var message = Noizylab_Grid_GPU()
            message.index = UInt32(clamping: gpu.index)
            message.model = gpu.model
            message.memoryBytes = gpu.memoryBytes
            message.uuid = gpu.uuid
            message.driver = gpu.driver
            message.isUnified = gpu.isUnified
            return message
        }
        agentVersion = inventory.agentVersion
        capabilities = inventory.capabilities
        custom = inventory.custom
        requiresSignatures = inventory.requiresSignatures
    }

    package func model() -> NodeInventory {
        var inventory = NodeInventory(
            os: os, osVersion: osVersion, arch: arch, hostname: hostname, cores: Int(cores), memoryBytes: memoryBytes,
            diskBytes: diskBytes,
            gpus: gpus.map {
                GPU(
                    index: Int($0.index), model: $0.model, memoryBytes: $0.memoryBytes, uuid: $0.uuid,
                    driver: $0.driver, isUnified: $0.isUnified)
            }, agentVersion: agentVersion, capabilities: capabilities, custom: custom)
        inventory.requiresSignatures = requiresSignatures
        return inventory
    }
}

extension Noizylab_Grid_NodeSample {
    package init(_ sample: NodeSample) {
        self.init()
        cpuPercent = sample.cpuPercent
        memoryPercent = sample.memoryPercent
        memoryAvailableBytes = sample.memoryAvailableBytes
        diskFreeBytes = sample.diskFreeBytes
        load1 = sample.load1
        gpus = sample.gpus.map { gpu in
            var message = Noizylab_Grid_GPUSample()
            message.index = UInt32(clamping: gpu.index)
            message.utilizationPercent = gpu.utilizationPercent
            message.memoryUsedBytes = gpu.memoryUsedBytes
            message.temperatureCelsius = gpu.temperatureCelsius
            message.isThrottled = gpu.isThrottled
            if let count = gpu.errorCount { message.errorCount = count }
            message.holders = gpu.holders.map { holder in
                var message = Noizylab_Grid_GPUHolder()
                message.pid = holder.pid
                message.program = holder.program
                message.memoryBytes = holder.memoryBytes
                message.isAttempt = holder.isAttempt
                return message
            }
            return message
        }
        runningAttempts = UInt32(clamping: sample.runningAttempts)
        sentAtUs = sample.sentAt.microseconds
        roundTripUs = sample.roundTripMicroseconds
        sleptMs = sample.sleptMilliseconds
        temperatureCelsius = sample.temperatureCelsius
        isThrottled = sample.isThrottled
    }

    package func model() -> NodeSample {
        var sample = NodeSample(
            cpuPercent: cpuPercent, memoryPercent: memoryPercent, memoryAvailableBytes: memoryAvailableBytes,
            diskFreeBytes: diskFreeBytes, load1: load1,
            gpus: gpus.map { $0.model() }, runningAttempts: Int(runningAttempts),
            sentAt: Timestamp(microseconds: sentAtUs),
            roundTripMicroseconds: roundTripUs)
        sample.sleptMilliseconds = sleptMs
        sample.temperatureCelsius = temperatureCelsius
        sample.isThrottled = isThrottled
        return sample
    }
}

extension Noizylab_Grid_GPUSample {
    fileprivate func model() -> GPUSample {
        var sample = GPUSample(
            index: Int(index), utilizationPercent: utilizationPercent, memoryUsedBytes: memoryUsedBytes,
            temperatureCelsius: temperatureCelsius,
            holders: holders.map {
                GPUHolder(pid: $0.pid, program: $0.program, memoryBytes: $0.memoryBytes, isAttempt: $0.isAttempt)
            })
        sample.isThrottled = isThrottled
        sample.errorCount = hasErrorCount ? errorCount : nil
        return sample
    }
}

extension Noizylab_Grid_NodeRoad {
    package init(_ road: RoadState) {
        self.init()
        name = road.name
        condition = road.condition.rawValue
        isInUse = road.isInUse
        reason = road.reason
        remedy = road.remedy
    }

    package func model() throws(WireError) -> RoadState {
        RoadState(
            name: name, condition: try named(condition, field: "roads.condition", fallback: .unknown),
            isInUse: isInUse, reason: reason, remedy: remedy)
    }
}
