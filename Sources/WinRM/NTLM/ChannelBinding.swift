import Crypto

/// Ties a log-on to the TLS connection it goes over (RFC 5929, `tls-server-end-point`): somebody in between has another
/// certificate, and so another value.
package enum ChannelBinding {
    /// Over http: nothing to tie to.
    package static let none = [UInt8](repeating: 0, count: 16)

    /// - Parameter certificate: the host's own, in DER.
    package static func hash(certificate: [UInt8]) -> [UInt8] {
        let digest: [UInt8] =
            switch signatureHash(of: certificate) {
            case 384: Array(SHA384.hash(data: certificate))
            case 512: Array(SHA512.hash(data: certificate))
            default: Array(SHA256.hash(data: certificate))
            }
        let data = Array("tls-server-end-point:".utf8) + digest
        var binding = none
        binding.append(littleEndian: UInt32(data.count))
        return Array(Insecure.MD5.hash(data: binding + data))
    }

    /// The bits of the hash in the certificate's signature; 256 for the old ones, as the RFC has it.
    private static func signatureHash(of certificate: [UInt8]) -> Int {
        // Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OID, parameters }, signature }
        guard let outer = element(certificate[...]), let body = element(outer.content), let rest = body.after,
            let algorithm = element(rest)?.content
        else { return 256 }
        // The last part of sha384WithRSAEncryption, ecdsa-with-SHA384 and, within RSASSA-PSS, id-sha384; and so on.
        let names: [([UInt8], Int)] = [
            ([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c], 384),
            ([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d], 512),
            ([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03], 384),
            ([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04], 512),
            ([0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02], 384),
            ([0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03], 512),
        ]
        return names.first { name, _ in Array(algorithm).firstRange(of: [6, UInt8(name.count)] + name) != nil }?.1
            ?? 256
    }

    /// The first element of a DER encoding: what is in it, and what follows.
    private static func element(_ bytes: ArraySlice<UInt8>) -> (content: ArraySlice<UInt8>, after: ArraySlice<UInt8>?)?
    {
        guard bytes.count >= 2 else { return nil }
        var start = bytes.startIndex + 2
        var length = Int(bytes[start - 1])
        if length >= 0x80 {
            let octets = length & 0x7f
            guard (1...4).contains(octets), bytes.endIndex - start >= octets else { return nil }
            length = bytes[start..<(start + octets)].reduce(0) { $0 << 8 | Int($1) }
            start += octets
        }
        guard bytes.endIndex - start >= length else { return nil }
        return (bytes[start..<(start + length)], bytes[(start + length)...])
    }
}
