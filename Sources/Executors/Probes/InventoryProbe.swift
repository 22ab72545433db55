package import GridModel

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Finds out what this machine is and has. Takes a moment: programs are asked for their versions, all at once.
package struct InventoryProbe: Sendable {
    private let environment: BaseEnvironment
    private let folder: String
    private let agentVersion: String
    private let patience: Duration

    /// - Parameters:
    ///   - folder: the disk that counts is the one it is on.
    ///   - patience: how long each program may take to answer; what is late is not told.
    package init(
        environment: BaseEnvironment, folder: String, agentVersion: String, patience: Duration = .seconds(10)
    ) {
        self.environment = environment
        self.folder = folder
        self.agentVersion = agentVersion
        self.patience = patience
    }

    package func read() async -> NodeInventory {
        async let gpus = gpus()
        async let versions = versions()
        let system = SystemName.read()
        return NodeInventory(
            os: system.os, osVersion: SystemFacts.osVersion() ?? system.release, arch: system.machine,
            hostname: system.host, cores: SystemFacts.cores(), memoryBytes: SystemFacts.memoryBytes(),
            diskBytes: DiskSpace.read(folder)?.total ?? 0, gpus: await gpus, agentVersion: agentVersion,
            capabilities: await versions)
    }

    private func gpus() async -> [GPU] {
        if isHere("nvidia-smi"),
            let text = await ProgramOutput.read(
                "nvidia-smi", NvidiaSMI.inventoryArguments, environment: environment, within: patience)
        {
            return NvidiaSMI.inventory(text)
        }
        if isHere("system_profiler"),
            let text = await ProgramOutput.read(
                "system_profiler", ["SPDisplaysDataType"], environment: environment, within: patience)
        {
            return SystemProfiler.gpus(text, memoryBytes: SystemFacts.memoryBytes())
        }
        return []
    }

    private func versions() async -> [String: String] {
        await withTaskGroup(of: (String, String)?.self) { group in
            for (name, arguments) in ProgramVersion.asked where isHere(name) {
                group.addTask { [environment, patience] in
                    let text = await ProgramOutput.read(name, arguments, environment: environment, within: patience)
                    guard let text else { return nil }
                    return (name, ProgramVersion.parse(text) ?? "found")
                }
            }
            return await group.reduce(into: [:]) { found, pair in
                if let (name, version) = pair { found[name] = version }
            }
        }
    }

    private func isHere(_ name: String) -> Bool {
        let search = ProgramSearch(path: environment.variables["PATH"] ?? BaseEnvironment.defaultPath, directory: "/")
        if case .found = search.find(name) { return true }
        return false
    }
}

/// Programs that tasks care for, and how their versions are asked.
enum ProgramVersion {
    static let asked: [(name: String, arguments: [String])] = [
        ("bash", ["--version"]), ("docker", ["--version"]), ("ffmpeg", ["-version"]), ("gcc", ["-dumpfullversion"]),
        ("git", ["--version"]), ("node", ["--version"]), ("python3", ["--version"]), ("pwsh", ["--version"]),
        ("rsync", ["--version"]), ("swift", ["--version"]),
    ]

    /// The first thing on the first lines that looks like a version: digits and dots.
    static func parse(_ text: String) -> String? {
        for word in text.prefix(400).split(whereSeparator: { $0.isWhitespace || $0 == "," || $0 == "(" || $0 == ")" }) {
            let bare = word.first == "v" ? word.dropFirst() : word
            let digits = bare.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            if digits.first?.isNumber == true, digits.contains(".") { return String(digits) }
        }
        return nil
    }
}

/// What `system_profiler SPDisplaysDataType` says, on Darwin.
enum SystemProfiler {
    /// Apple's own GPUs share the machine's memory, and are said to have all of it.
    static func gpus(_ text: String, memoryBytes: Int64) -> [GPU] {
        text.split(separator: "\n").compactMap { line -> String? in
            guard let range = line.firstRange(of: "Chipset Model: ") else { return nil }
            return String(line[range.upperBound...])
        }
        .enumerated().map { GPU(index: $0.offset, model: $0.element, memoryBytes: memoryBytes) }
    }
}

extension Substring {
    fileprivate func firstRange(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
