package import GridModel

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Measures how busy this machine is: a few small reads, cheap enough for twice a second. GPUs are not asked here:
/// their tool takes a tenth of a second.
package struct SampleProbe: Sendable {
    private let folder: String
    private let memoryBytes = SystemFacts.memoryBytes()
    private var ticks = SystemFacts.processorTicks()
    private var heat = HeatProbe()

    package init(folder: String) { self.folder = folder }

    /// The processor's share is that since the last call.
    package mutating func read() -> NodeSample {
        var sample = NodeSample()
        if let now = SystemFacts.processorTicks() {
            if let ticks { sample.cpuPercent = now.percent(since: ticks) }
            ticks = now
        }
        if let available = SystemFacts.availableMemoryBytes(), memoryBytes > 0 {
            sample.memoryAvailableBytes = available
            sample.memoryPercent = min(100, max(0, 100 * Double(memoryBytes - available) / Double(memoryBytes)))
        }
        sample.diskFreeBytes = DiskSpace.read(folder)?.free ?? 0
        var load = [0.0]
        if getloadavg(&load, 1) == 1 { sample.load1 = load[0] }
        (sample.temperatureCelsius, sample.isThrottled) = heat.read()
        return sample
    }
}

/// Asks for the GPUs' state; nil where there is no `nvidia-smi`.
package struct GPUProbe {
    private let environment: BaseEnvironment
    private let patience: Duration
    /// Nil until it was found out what the tool knows.
    private var query: NvidiaSMI.Query?
    private let log = XidLog()

    /// - Parameter patience: how long the program may take to answer.
    package init?(environment: BaseEnvironment, patience: Duration = .seconds(2)) {
        let search = ProgramSearch(path: environment.variables["PATH"] ?? BaseEnvironment.defaultPath, directory: "/")
        guard case .found = search.find("nvidia-smi") else { return nil }
        self.environment = environment
        self.patience = patience
    }

    package mutating func read() async -> [GPUSample] {
        let query: NvidiaSMI.Query
        if let known = self.query { query = known } else { query = await findQuery() }
        self.query = query
        let text = await ask(query.arguments)
        let holders = query.namesGPUs ? await holders() : [:]
        let xids = log?.read()
        return text.map { query.samples($0, xids: xids, holders: holders) } ?? []
    }

    /// Programs with the mark of an attempt in their environment are tasks, whoever's; what cannot be looked into is
    /// somebody else's.
    private func holders() async -> [String: [GPUHolder]] {
        let mark = "NOIZYLAB_ATTEMPT="
        return NvidiaSMI.holders(await ask(NvidiaSMI.holderArguments) ?? "").mapValues { holders in
            holders.map { holder in
                var holder = holder
                holder.isAttempt = ProcessTable.hasInEnvironment(holder.pid) { $0.starts(with: mark.utf8) }
                return holder
            }
        }
    }

    private func findQuery() async -> NvidiaSMI.Query {
        NvidiaSMI.Query(help: await ask(NvidiaSMI.helpArguments) ?? "")
    }

    private func ask(_ arguments: [String]) async -> String? {
        await ProgramOutput.read("nvidia-smi", arguments, environment: environment, within: patience)
    }
}
