import Crypto

/// Seals and opens messages after a handshake (MS-NLMP 3.4). Each direction has its own keys, cipher state and counter;
/// none is ever put back, so a message lost or out of order ends the connection.
package struct NTLMSession: Sendable {
    private struct Direction: Sendable {
        let signingKey: [UInt8]
        var cipher: RC4
        var sequence: UInt32 = 0

        init(sessionKey: [UInt8], name: String) {
            signingKey = Self.key(sessionKey, "\(name) signing")
            cipher = RC4(key: Self.key(sessionKey, "\(name) sealing"))
        }

        mutating func signature(of plain: [UInt8]) -> [UInt8] {
            var numbered: [UInt8] = []
            numbered.append(littleEndian: sequence)
            let checksum = cipher.apply(NTLMHandshake.hmac(signingKey, numbered + plain).prefix(8))
            sequence &+= 1
            return [1, 0, 0, 0] + checksum + numbered
        }

        /// The final NUL belongs to the constant.
        private static func key(_ sessionKey: [UInt8], _ use: String) -> [UInt8] {
            Array(Insecure.MD5.hash(data: sessionKey + Array("session key to \(use) key magic constant\0".utf8)))
        }
    }

    package static let signatureBytes = 16

    private var sending: Direction
    private var receiving: Direction

    package init(sessionKey: [UInt8]) {
        sending = Direction(sessionKey: sessionKey, name: "client-to-server")
        receiving = Direction(sessionKey: sessionKey, name: "server-to-client")
    }

    package mutating func seal(_ plain: [UInt8]) -> (signature: [UInt8], sealed: [UInt8]) {
        let sealed = sending.cipher.apply(plain)
        return (sending.signature(of: plain), sealed)
    }

    package mutating func open(signature: [UInt8], sealed: [UInt8]) throws(WinRMError) -> [UInt8] {
        let plain = receiving.cipher.apply(sealed)
        let expected = receiving.signature(of: plain)
        // Every byte is looked at, whichever differs.
        let difference = zip(signature, expected).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
        guard signature.count == expected.count, difference == 0 else {
            throw WinRMError(
                .badAnswer, "an answer of the host was changed on its way, or one was lost: its seal is wrong")
        }
        return plain
    }
}
