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
        return sample
    }
}

/// Asks for the GPUs' state; nil where there is no `nvidia-smi`.
package struct GPUProbe: Sendable {
    private let environment: BaseEnvironment
    private let patience: Duration

    /// - Parameter patience: how long the program may take to answer.
    package init?(environment: BaseEnvironment, patience: Duration = .seconds(2)) {
        let search = ProgramSearch(path: environment.variables["PATH"] ?? BaseEnvironment.defaultPath, directory: "/")
        guard case .found = search.find("nvidia-smi") else { return nil }
        self.environment = environment
        self.patience = patience
    }

    package func read() async -> [GPUSample] {
        await ProgramOutput.read("nvidia-smi", NvidiaSMI.sampleArguments, environment: environment, within: patience)
            .map(NvidiaSMI.samples) ?? []
    }
}
