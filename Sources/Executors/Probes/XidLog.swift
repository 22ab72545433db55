#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Counts what the NVIDIA driver writes to the kernel's log about GPUs that are in trouble ("Xid" events), where this
/// user may read it. A class, because it owns what it opened. What was logged before it was opened counts as well: only growth is taken for news.
package final class XidLog {
    private let descriptor: Int32
    private var counts: [String: Int64] = [:]

    /// Events by which a program, and not the card, is told to be wrong: exceptions and page faults of its own code, and
    /// its end by them.
    private static let ofPrograms: Set<Int> = [13, 31, 43, 45]

    /// Nil where there is no such log, or it may not be read.
    package init?(path: String = "/dev/kmsg") {
        descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
    }

    deinit { close(descriptor) }

    /// Events so far, by the GPU's bus address.
    package func read() -> [String: Int64] {
        withUnsafeTemporaryAllocation(byteCount: 8_192, alignment: 8) { buffer in
            // One record a read. Bounded: a log that is written faster than it is read does not keep us.
            for _ in 0..<16_384 {
                #if canImport(Darwin)
                    let count = Darwin.read(descriptor, buffer.baseAddress, buffer.count)
                #else
                    let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                #endif
                // Overwritten before it was read: the next read goes on with what is there.
                if count < 0 && (errno == EPIPE || errno == EINTR) { continue }
                if count <= 0 { break }
                for line in String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n") {
                    if let (address, number) = Self.event(line), !Self.ofPrograms.contains(number) {
                        counts[address, default: 0] += 1
                    }
                }
            }
        }
        return counts
    }

    /// `NVRM: Xid (PCI:0000:01:00): 79, pid=1234, GPU has fallen off the bus.`
    static func event(_ line: Substring) -> (address: String, number: Int)? {
        guard let start = line.firstRange(of: "NVRM: Xid (PCI:") else { return nil }
        let rest = line[start.upperBound...]
        guard let close = rest.firstIndex(of: ")"), rest[close...].hasPrefix("): ") else { return nil }
        let digits = rest[close...].dropFirst(3).prefix { $0.isNumber }
        return Int(digits).map { (address(String(rest[..<close])), $0) }
    }

    /// The driver writes `0000:01:00`, its tool `00000000:01:00.0`: what both have, in small letters.
    static func address(_ text: String) -> String {
        var parts = text.lowercased().split(separator: ":").map(String.init)
        guard parts.count == 3 else { return text.lowercased() }
        parts[0] = String(parts[0].suffix(4))
        parts[2] = String(parts[2].prefix { $0 != "." })
        return parts.joined(separator: ":")
    }
}
