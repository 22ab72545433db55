/// What the host answers to a NEGOTIATE (MS-NLMP 2.2.1.2). It comes from somebody who has proved nothing yet, so every
/// length is checked.
package struct NTLMChallenge: Sendable {
    /// One entry of the target information, for example the host's time.
    struct Attribute: Sendable, Hashable {
        static let end: UInt16 = 0
        static let flags: UInt16 = 6
        static let timestamp: UInt16 = 7
        static let targetName: UInt16 = 9
        static let channelBindings: UInt16 = 10

        var id: UInt16
        var value: [UInt8]
    }

    /// As received; the message integrity code is made over them.
    let bytes: [UInt8]
    let flags: UInt32
    let serverChallenge: [UInt8]
    let attributes: [Attribute]

    package init(_ bytes: [UInt8]) throws(WinRMError) {
        guard bytes.count >= 48, Array(bytes[0..<8]) == NTLMFlags.signature, bytes.littleEndian32(at: 8) == 2 else {
            throw WinRMError(.badAnswer, "the host's NTLM challenge is no challenge")
        }
        self.bytes = bytes
        flags = bytes.littleEndian32(at: 20)
        serverChallenge = Array(bytes[24..<32])
        guard flags & NTLMFlags.required == NTLMFlags.required else {
            throw WinRMError(
                .configuration,
                "the host offers NTLM without 128-bit sealing: allow it there (security policy "
                    + "'Minimum session security for NTLM SSP based servers'), or use https with auth = \"basic\"")
        }
        let length = Int(bytes.littleEndian16(at: 40))
        let offset = Int(bytes.littleEndian32(at: 44))
        guard offset <= bytes.count, length <= bytes.count - offset else {
            throw WinRMError(.badAnswer, "the host's NTLM challenge is cut short")
        }
        attributes = try Self.attributes(Array(bytes[offset..<offset + length]))
    }

    private static func attributes(_ bytes: [UInt8]) throws(WinRMError) -> [Attribute] {
        var found: [Attribute] = []
        var rest = 0
        while rest + 4 <= bytes.count {
            let id = bytes.littleEndian16(at: rest)
            if id == Attribute.end { return found }
            let length = Int(bytes.littleEndian16(at: rest + 2))
            guard length <= bytes.count - rest - 4 else { break }
            found.append(Attribute(id: id, value: Array(bytes[rest + 4..<rest + 4 + length])))
            rest += 4 + length
        }
        throw WinRMError(.badAnswer, "the host's NTLM target information has no end")
    }
}

/// What two sides of NTLM agree on (MS-NLMP 2.2.2.5).
enum NTLMFlags {
    static let signature = Array("NTLMSSP\0".utf8)
    static let targetInfo: UInt32 = 0x0080_0000
    /// Unicode, sign, seal, extended session security, 128 bits and an exchanged key.
    static let required: UInt32 = 0x6008_0031
    /// The required ones, NTLM, always sign, a target, a version and 56 bits.
    static let offered: UInt32 = 0xe208_8235
    /// 10.0, build 20348, NTLM revision 15.
    static let version: [UInt8] = [0x0a, 0, 0x7c, 0x4f, 0, 0, 0, 0x0f]
}
