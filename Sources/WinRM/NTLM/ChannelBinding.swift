import Crypto

/// Ties a log-on to the TLS connection it is made over (RFC 5929 `tls-server-end-point`), so that nobody in the middle
/// can pass it on.
package enum ChannelBinding {
    package static let none = [UInt8](repeating: 0, count: 16)

    /// - Parameter certificate: the host's own, in DER; signed with SHA-256 or older, as Windows makes them for WinRM.
    package static func hash(certificate: [UInt8]) -> [UInt8] {
        let data = Array("tls-server-end-point:".utf8) + SHA256.hash(data: certificate)
        var binding = [UInt8](repeating: 0, count: 16)
        binding.append(littleEndian: UInt32(data.count))
        return Array(Insecure.MD5.hash(data: binding + data))
    }
}
