import Executors
import Foundation
import GridModel

/// Understands the lines of `HostScript`. What makes no sense is left out.
struct HostReader {
    private struct Line: Decodable {
        struct Card: Decodable {
            var name: String?
            var bytes: Double?
            var driver: String?
        }

        var t: String
        var caption: String?
        var version: String?
        var arch: String?
        var host: String?
        var cores: Int?
        var memory: Double?
        var disk: Double?
        var smi: [String]?
        var cards: [Card]?
        var programs: [String]?
        var user: String?
        var boot: String?
        var cpu: Double?
        var free: Double?
        var busy: Double?
        var used: Double?
    }

    private var memoryBytes: Int64 = 0
    private var knownGPUs = 0

    mutating func take(_ text: Substring) -> RoadEvent? {
        guard let line = try? JSONDecoder().decode(Line.self, from: Data(text.utf8)) else { return nil }
        switch line.t {
        case "i": return .opened(inventory(line))
        case "s": return .sample(sample(line))
        case "g": return .gpus(gpus(line))
        default: return nil
        }
    }

    private mutating func inventory(_ line: Line) -> NodeInventory {
        let architectures = ["AMD64": "x86_64", "ARM64": "arm64", "x86": "i386"]
        var inventory = NodeInventory(
            os: "windows", osVersion: [line.caption, line.version].compactMap(\.self).joined(separator: " "),
            arch: line.arch.map { architectures[$0] ?? $0 } ?? "", hostname: line.host ?? "",
            cores: max(1, line.cores ?? 1), memoryBytes: Self.bytes(line.memory), diskBytes: Self.bytes(line.disk))
        inventory.gpus = NvidiaSMI.inventory((line.smi ?? []).joined(separator: "\n"))
        if inventory.gpus.isEmpty {
            // The one that Windows falls back to is none.
            inventory.gpus = (line.cards ?? []).filter { $0.name?.hasPrefix("Microsoft") == false }.enumerated().map {
                GPU(
                    index: $0.offset, model: $0.element.name ?? "", memoryBytes: Self.bytes($0.element.bytes),
                    driver: $0.element.driver ?? "")
            }
        }
        for program in line.programs ?? [] { inventory.capabilities[program] = "found" }
        inventory.capabilities["powershell"] = "found"
        if let boot = line.boot, !boot.isEmpty { inventory.capabilities["booted"] = boot }
        inventory.capabilities["user_present"] = line.user?.isEmpty == false ? "yes" : "no"
        memoryBytes = inventory.memoryBytes
        knownGPUs = inventory.gpus.count
        return inventory
    }

    private func sample(_ line: Line) -> NodeSample {
        var sample = NodeSample()
        sample.cpuPercent = Self.percent(line.cpu)
        sample.memoryAvailableBytes = Self.bytes(line.free)
        if memoryBytes > 0 {
            sample.memoryPercent = Self.percent(
                100 * Double(memoryBytes - sample.memoryAvailableBytes) / Double(memoryBytes))
        }
        sample.diskFreeBytes = Self.bytes(line.disk)
        return sample
    }

    private func gpus(_ line: Line) -> [GPUSample] {
        if let rows = line.smi { return NvidiaSMI.samples(rows.joined(separator: "\n")) }
        // The counters do not say which card they mean.
        guard knownGPUs == 1 else { return [] }
        return [
            GPUSample(index: 0, utilizationPercent: Self.percent(line.busy), memoryUsedBytes: Self.bytes(line.used))
        ]
    }

    private static func percent(_ number: Double?) -> Double { min(100, max(0, number ?? 0)) }

    private static func bytes(_ number: Double?) -> Int64 { Int64(min(max(number ?? 0, 0), 1e18)) }
}
