/// An IPv4 address as a number.
package struct IPv4Address: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let number: UInt32

    package init(_ number: UInt32) { self.number = number }

    /// Four decimal numbers of 0 ... 255, and nothing else.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var number: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (48...57).contains($0) }),
                let byte = UInt8(part)
            else { return nil }
            number = number << 8 | UInt32(byte)
        }
        self.number = number
    }

    package var description: String {
        "\(number >> 24).\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)"
    }

    package static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// A network of IPv4 addresses: `192.168.1.0/24`.
package struct IPv4Network: Sendable, Hashable, CustomStringConvertible {
    /// The first address.
    package let base: IPv4Address
    /// 0 ... 32.
    package let prefix: Int

    package init(containing address: IPv4Address, prefix: Int) {
        precondition((0...32).contains(prefix), "a prefix of \(prefix) bits")
        self.prefix = prefix
        base = IPv4Address(address.number & Self.mask(prefix))
    }

    /// `ADDRESS/BITS`, or one address. Bits beyond the prefix must be 0, so that what is meant is what is searched.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let address = IPv4Address(parts[0]) else { return nil }
        var prefix = 32
        if parts.count == 2 {
            guard parts[1].utf8.count <= 2, let bits = UInt8(parts[1]), bits <= 32 else { return nil }
            prefix = Int(bits)
        }
        self.init(containing: address, prefix: prefix)
        guard base == address else { return nil }
    }

    package var description: String { "\(base)/\(prefix)" }

    /// How many addresses it has.
    package var size: Int { 1 << (32 - prefix) }

    /// Those that a machine can have: without the network's own and its broadcast address, where it has them.
    package var hosts: some Sequence<IPv4Address> {
        let isWhole = prefix >= 31
        let first = UInt64(base.number) + (isWhole ? 0 : 1)
        let end = UInt64(base.number) + UInt64(size) - (isWhole ? 0 : 1)
        return (first..<end).lazy.map { IPv4Address(UInt32($0)) }
    }

    package func contains(_ address: IPv4Address) -> Bool { address.number & Self.mask(prefix) == base.number }

    package func contains(_ other: IPv4Network) -> Bool { other.prefix >= prefix && contains(other.base) }

    /// Of a house or an office (RFC 1918), of one link (RFC 3927), of carriers' customers (RFC 6598), or of this
    /// machine: whoever searches it searches nobody else's.
    package var isPrivate: Bool { Self.privateNetworks.contains { $0.contains(self) } }

    package var isLoopback: Bool { base.number >> 24 == 127 }
    package var isLinkLocal: Bool { base.number >> 16 == 0xA9FE }

    private static let privateNetworks: [IPv4Network] = [
        IPv4Network(containing: IPv4Address(0x0A00_0000), prefix: 8),
        IPv4Network(containing: IPv4Address(0xAC10_0000), prefix: 12),
        IPv4Network(containing: IPv4Address(0xC0A8_0000), prefix: 16),
        IPv4Network(containing: IPv4Address(0xA9FE_0000), prefix: 16),
        IPv4Network(containing: IPv4Address(0x6440_0000), prefix: 10),
        IPv4Network(containing: IPv4Address(0x7F00_0000), prefix: 8),
    ]

    private static func mask(_ prefix: Int) -> UInt32 { prefix == 0 ? 0 : .max << UInt32(32 - prefix) }
}
