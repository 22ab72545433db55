/// What one named check found: in words, with what mends it.
package struct Finding: Sendable, Hashable {
    /// From the best to the worst.
    package enum Level: Int, Sendable, Hashable, Comparable, CaseIterable {
        case ok, skipped, warning, failed

        package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }

        /// Scripts read it.
        package var text: String {
            switch self {
            case .ok: "ok"
            case .skipped: "skipped"
            case .warning: "warning"
            case .failed: "failed"
            }
        }
    }

    /// What is checked. The names are a contract: scripts rely on them.
    package enum Check: String, Sendable, Hashable, CaseIterable {
        // On this machine.
        case configuration, processes, ports, names, modes, disk, store, clock, certificates, trust, descriptors
        case ssh, grid
        case localNetwork = "local-network"
        // Of each node.
        case connection
        case hostKey = "host-key"
        case login, heartbeat
        case roundTrip = "round-trip"
        case version, skew, risk, certificate, spool, report
        case nodeDisk = "node-disk"
        case python, sessions, sleep, mtu, gpu, time
    }

    package let check: Check
    /// The node it is about; nil: this machine.
    package let node: String?
    package let level: Level
    package let text: String
    /// The command, or the line of the configuration, that mends it; empty when there is nothing to mend.
    package let remedy: String

    package init(
        _ check: Check, node: String? = nil, _ level: Level, _ text: String, try remedy: String = ""
    ) {
        self.check = check
        self.node = node
        self.level = level
        self.text = text
        self.remedy = remedy
    }
}

/// What is the matter, and what mends it.
package struct Complaint: Sendable, Hashable {
    package var text: String
    package var remedy: String

    package init(_ text: String, try remedy: String) {
        self.text = text
        self.remedy = remedy
    }
}

/// All that the doctor found.
package struct DoctorReport: Sendable, Hashable {
    package enum Verdict: Sendable, Hashable {
        /// Warnings at most.
        case well
        /// This machine, or the one node that was asked for, has something that failed.
        case failed
        /// The one node that was asked for cannot be reached.
        case unreachable
        /// Only nodes have something that failed.
        case someNodesFailed
    }

    package var findings: [Finding]

    package init(_ findings: [Finding]) { self.findings = findings }

    package var worst: Finding.Level { findings.map(\.level).max() ?? .ok }

    package func count(_ level: Finding.Level) -> Int { findings.count { $0.level == level } }

    /// - Parameter node: the one that was asked for; nil: the whole grid was.
    package func verdict(askedFor node: String?) -> Verdict {
        let failed = findings.filter { $0.level == .failed }
        if failed.isEmpty { return .well }
        if node != nil { return failed.contains { $0.check == .connection } ? .unreachable : .failed }
        return failed.contains { $0.node == nil } ? .failed : .someNodesFailed
    }
}

/// Numbers as people read them, without Foundation.
enum Plain {
    /// To a tenth.
    static func tenth(_ value: Double) -> String {
        let tenths = (value * 10).rounded() / 10
        return tenths == tenths.rounded() && abs(tenths) < 1e15 ? "\(Int64(tenths))" : "\(tenths)"
    }

    static func bytes(_ count: Int64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var (value, unit) = (Double(count), 0)
        while value >= 1_024, unit < units.count - 1 {
            value /= 1_024
            unit += 1
        }
        return "\(tenth(value)) \(units[unit])"
    }

    static func span(milliseconds: Int64) -> String {
        switch milliseconds {
        case ..<10_000: "\(tenth(Double(milliseconds) / 1_000)) s"
        case ..<120_000: "\(milliseconds / 1_000) s"
        case ..<7_200_000: "\(milliseconds / 60_000) min"
        case ..<172_800_000: "\(milliseconds / 3_600_000) h"
        default: "\(milliseconds / 86_400_000) days"
        }
    }

    static func count(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    /// A word for a shell, quoted where it has to be.
    static func word(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy {
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                    || "/._-:@+=,%".utf8.contains($0)
            }
        return isPlain
            ? text : "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
