import Crypto

/// The client's side of NTLMv2 (MS-NLMP 3.3.2): a NEGOTIATE, the host's CHALLENGE, an AUTHENTICATE. Version 1 and its DES
/// are not here. Every random byte is passed in, so that known answers can be checked.
package struct NTLMHandshake: Sendable {
    /// Who logs on. Windows tells `DOMAIN\user`, `user@realm` and a local `user` apart.
    package struct Identity: Sendable, Hashable {
        package let user: String
        package let domain: String

        package init(_ name: String) {
            guard let slash = name.firstIndex(of: "\\") else {
                (user, domain) = (name, "")
                return
            }
            (user, domain) = (String(name[name.index(after: slash)...]), String(name[..<slash]))
        }
    }

    /// 8 and 16 bytes that nobody can guess.
    package struct Chance: Sendable {
        package let clientChallenge: [UInt8]
        package let sessionKey: [UInt8]

        package init(clientChallenge: [UInt8], sessionKey: [UInt8]) {
            self.clientChallenge = clientChallenge
            self.sessionKey = sessionKey
        }

        package static func fresh() -> Chance {
            let bytes = SymmetricKey(size: .init(bitCount: 192)).withUnsafeBytes { Array($0) }
            return Chance(clientChallenge: Array(bytes[..<8]), sessionKey: Array(bytes[8...]))
        }
    }

    package let identity: Identity
    package let password: String
    /// `HTTP/host`: what the client believes to talk to.
    package let target: String
    /// `ChannelBinding.hash` of the host's certificate; 16 zero bytes without TLS.
    package let channelBinding: [UInt8]
    /// 100 ns since 1601, used by a host that names no time of its own.
    package let fileTime: UInt64

    package init(
        identity: Identity, password: String, target: String, channelBinding: [UInt8], fileTime: UInt64
    ) {
        self.identity = identity
        self.password = password
        self.target = target
        self.channelBinding = channelBinding
        self.fileTime = fileTime
    }

    package static let negotiate: [UInt8] = {
        var message = NTLMFlags.signature
        message.append(littleEndian: UInt32(1))
        message.append(littleEndian: NTLMFlags.offered)
        for _ in 0..<2 { message.append(contentsOf: [0, 0, 0, 0, 40, 0, 0, 0]) }
        return message + NTLMFlags.version
    }()

    /// The AUTHENTICATE, and what seals from then on.
    package func authenticate(_ challenge: NTLMChallenge, chance: Chance) -> (message: [UInt8], session: NTLMSession) {
        let hostTime = challenge.attributes.first { $0.id == NTLMChallenge.Attribute.timestamp }?.value
        var temporary: [UInt8] = [1, 1, 0, 0, 0, 0, 0, 0]
        if let hostTime { temporary += hostTime } else { temporary.append(littleEndian: fileTime) }
        temporary += chance.clientChallenge + [0, 0, 0, 0]
        temporary += targetInformation(challenge, hasTime: hostTime != nil) + [0, 0, 0, 0]

        let key = Self.responseKey(identity: identity, password: password)
        let proof = Self.hmac(key, challenge.serverChallenge + temporary)
        let sessionBaseKey = Self.hmac(key, proof)
        var cipher = RC4(key: sessionBaseKey)
        let legacy =
            hostTime == nil
            ? Self.hmac(key, challenge.serverChallenge + chance.clientChallenge) + chance.clientChallenge
            : [UInt8](repeating: 0, count: 24)
        let fields = [
            legacy, proof + temporary, [UInt8](utf16LittleEndian: identity.domain),
            [UInt8](utf16LittleEndian: identity.user), [], cipher.apply(chance.sessionKey),
        ]

        var message = NTLMFlags.signature
        message.append(littleEndian: UInt32(3))
        var offset = Self.payloadOffset
        for field in fields {
            message.append(littleEndian: UInt16(field.count))
            message.append(littleEndian: UInt16(field.count))
            message.append(littleEndian: UInt32(offset))
            offset += field.count
        }
        message.append(littleEndian: challenge.flags & (NTLMFlags.offered | NTLMFlags.targetInfo))
        message += NTLMFlags.version + [UInt8](repeating: 0, count: 16) + fields.joined()
        if hostTime != nil {
            let code = Self.hmac(chance.sessionKey, Self.negotiate + challenge.bytes + message)
            message.replaceSubrange(Self.codeOffset..<Self.payloadOffset, with: code)
        }
        return (message, NTLMSession(sessionKey: chance.sessionKey))
    }

    private static let codeOffset = 72
    private static let payloadOffset = 88

    private func targetInformation(_ challenge: NTLMChallenge, hasTime: Bool) -> [UInt8] {
        typealias Attribute = NTLMChallenge.Attribute
        var attributes = challenge.attributes.filter {
            $0.id != Attribute.targetName && $0.id != Attribute.channelBindings
        }
        if hasTime {
            if let index = attributes.firstIndex(where: { $0.id == Attribute.flags && !$0.value.isEmpty }) {
                attributes[index].value[0] |= 2
            } else {
                attributes.append(Attribute(id: Attribute.flags, value: [2, 0, 0, 0]))
            }
        }
        attributes.append(Attribute(id: Attribute.channelBindings, value: channelBinding))
        attributes.append(Attribute(id: Attribute.targetName, value: [UInt8](utf16LittleEndian: target)))

        var bytes: [UInt8] = []
        for attribute in attributes {
            bytes.append(littleEndian: attribute.id)
            bytes.append(littleEndian: UInt16(attribute.value.count))
            bytes += attribute.value
        }
        return bytes + [0, 0, 0, 0]
    }

    /// NTOWFv2. The user's name is upper-cased, the domain's is not.
    package static func responseKey(identity: Identity, password: String) -> [UInt8] {
        hmac(
            MD4.hash([UInt8](utf16LittleEndian: password)),
            [UInt8](utf16LittleEndian: identity.user.uppercased() + identity.domain))
    }

    static func hmac(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        Array(HMAC<Insecure.MD5>.authenticationCode(for: message, using: SymmetricKey(data: key)))
    }
}
