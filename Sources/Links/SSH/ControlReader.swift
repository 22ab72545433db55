import Executors
import GridModel

/// Understands what the control script prints. Lines that make no sense are left out.
struct ControlReader {
    private var inventory = NodeInventory()
    private var gpuLines: [String] = []
    private var ticks: (busy: Int64, total: Int64)?

    /// What a line says, if it says something whole.
    mutating func take(_ line: Substring) -> RoadEvent? {
        guard let kind = line.first else { return nil }
        let rest = line.dropFirst(2)
        switch kind {
        case "I":
            learn(rest)
            return nil
        case "R":
            return .opened(inventory)
        case "S", "M":
            return sample(rest.split(separator: " ").map(String.init), isTicks: kind == "S").map(RoadEvent.sample)
        case "G":
            guard line == "G." else {
                if gpuLines.count < 64 { gpuLines.append(String(rest)) }
                return nil
            }
            defer { gpuLines = [] }
            return .gpus(NvidiaSMI.samples(gpuLines.joined(separator: "\n")))
        default:
            return nil
        }
    }

    private mutating func learn(_ text: Substring) {
        let key = text.prefix { $0 != " " }
        let value = String(text.dropFirst(key.count + 1))
        let number = Int64(value) ?? 0
        switch key {
        case "system": inventory.os = value == "Darwin" ? "macos" : value.lowercased()
        case "release": if inventory.osVersion.isEmpty { inventory.osVersion = value }
        case "version": if !value.isEmpty { inventory.osVersion = value }
        case "arch": inventory.arch = value
        case "host": inventory.hostname = value
        case "cores": inventory.cores = Int(clamping: max(1, number))
        case "memory": inventory.memoryBytes = Self.bytes(number)
        case "disk": inventory.diskBytes = Self.bytes(number)
        case "medium": if LinkMedium(rawValue: value) != nil { inventory.capabilities["medium"] = value }
        case "program": inventory.capabilities[value] = "found"
        case "gpu": inventory.gpus += NvidiaSMI.inventory(value)
        default: break
        }
    }

    private mutating func sample(_ words: [String], isTicks: Bool) -> NodeSample? {
        let numbers = words.compactMap(Double.init)
        guard numbers.count == words.count, numbers.count == (isTicks ? 5 : 4),
            numbers.allSatisfy({ $0 >= 0 && $0 < 1e18 })
        else { return nil }
        var sample = NodeSample()
        if isTicks {
            let now = (busy: Int64(numbers[0]), total: Int64(numbers[1]))
            if let ticks, now.total > ticks.total, now.busy >= ticks.busy {
                sample.cpuPercent = min(100, 100 * Double(now.busy - ticks.busy) / Double(now.total - ticks.total))
            }
            ticks = now
        } else {
            sample.cpuPercent = min(100, numbers[0] / Double(max(1, inventory.cores)))
        }
        let (available, disk) = (numbers[numbers.count - 3], numbers[numbers.count - 2])
        sample.memoryAvailableBytes = Self.bytes(Int64(available))
        if inventory.memoryBytes > 0 {
            let used = Double(inventory.memoryBytes - sample.memoryAvailableBytes)
            sample.memoryPercent = min(100, max(0, 100 * used / Double(inventory.memoryBytes)))
        }
        sample.diskFreeBytes = Self.bytes(Int64(disk))
        sample.load1 = numbers[numbers.count - 1]
        return sample
    }

    private static func bytes(_ kibibytes: Int64) -> Int64 { min(max(kibibytes, 0), 1 << 50) * 1_024 }
}
