/// What connections are counted by: an IPv4 address, or the first 64 bits of an IPv6 one, which is what a network gives to
/// one machine. An IPv4 address in IPv6's clothes is an IPv4 address.
package enum AddressGroup {
    /// `text` as the system writes an address.
    package static func of(_ text: String) -> String {
        let address = text.prefix { $0 != "%" }
        guard address.contains(":"), !address.contains(".") else {
            return String(address.split(separator: ":").last ?? address)
        }
        guard let gap = address.firstRange(of: "::") else {
            return address.split(separator: ":").prefix(4).joined(separator: ":")
        }
        let before = address[..<gap.lowerBound].split(separator: ":")
        let after = address[gap.upperBound...].split(separator: ":")
        let zeros = repeatElement(Substring("0"), count: max(0, 8 - before.count - after.count))
        return (before + zeros + after).prefix(4).joined(separator: ":")
    }
}
