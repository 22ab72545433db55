/// A machine that this one has spoken to of late on the same link, as the system's table of neighbours has it.
package struct Neighbour: Sendable, Hashable {
    package let address: IPv4Address
    /// Six pairs of lower-case hexadecimal digits.
    package let hardware: String
    package let interface: String

    init?(_ address: some StringProtocol, _ hardware: some StringProtocol, _ interface: some StringProtocol) {
        guard let address = IPv4Address(address), let hardware = Self.normal(hardware) else { return nil }
        self.address = address
        self.hardware = hardware
        self.interface = String(interface)
    }

    /// `a:b:c:1:2:3`, as Darwin writes it, with two digits each. Nil for what is none, and for an entry without one.
    private static func normal(_ text: some StringProtocol) -> String? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 6 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard (1...2).contains(part.utf8.count), let byte = UInt8(part, radix: 16) else { return nil }
            bytes.append(byte)
        }
        guard bytes.contains(where: { $0 != 0 }), bytes.contains(where: { $0 != 255 }) else { return nil }
        return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }

    /// Linux: `/proc/net/arp`. Flag 2: the address is known.
    package static func parse(procNetARP text: String) -> [Neighbour] {
        text.split(separator: "\n").dropFirst().compactMap { line in
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count >= 6, words[2].hasPrefix("0x"), let flags = UInt32(words[2].dropFirst(2), radix: 16),
                flags & 2 != 0
            else { return nil }
            return Neighbour(words[0], words[3], words[5])
        }
    }

    /// Darwin: `arp -an`, such as `? (192.168.1.1) at 0:11:22:33:44:55 on en0 ifscope [ethernet]`.
    package static func parse(arp text: String) -> [Neighbour] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count >= 6, words[2] == "at", words[4] == "on", words[1].hasPrefix("("), words[1].hasSuffix(")")
            else { return nil }
            return Neighbour(words[1].dropFirst().dropLast(), words[3], words[5])
        }
    }
}
