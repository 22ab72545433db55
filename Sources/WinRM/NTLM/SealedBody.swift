/// The framing of a sealed message in HTTP. It looks like MIME and is none: there is no blank line before the data, and
/// the end is found by the length.
package enum SealedBody {
    package static let contentType =
        "multipart/encrypted;protocol=\"application/HTTP-SPNEGO-session-encrypted\";boundary=\"Encrypted Boundary\""

    package static func encode(_ plain: [UInt8], with session: inout NTLMSession) -> [UInt8] {
        let (signature, sealed) = session.seal(plain)
        var body = Array(
            ("--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n"
                + "\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=\(plain.count)\r\n"
                + "--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n").utf8)
        body.append(littleEndian: UInt32(signature.count))
        body += signature + sealed
        return body + Array("--Encrypted Boundary--\r\n".utf8)
    }

    package static func decode(_ body: [UInt8], with session: inout NTLMSession) throws(WinRMError) -> [UInt8] {
        var rest = body[...]
        var length: Int?
        while let line = takeLine(&rest) {
            if let found = line.lowercased().split(separator: ";").last.flatMap({ part -> Int? in
                let part = part.drop { $0 == " " || $0 == "\t" }
                return part.hasPrefix("length=") ? Int(part.dropFirst(7)) : nil
            }) {
                length = found
            }
            guard line.lowercased().contains("application/octet-stream") else { continue }
            let header = 4 + NTLMSession.signatureBytes
            guard let length, length >= 0, rest.count >= header, length <= rest.count - header,
                Array(rest.prefix(4)) == [UInt8(NTLMSession.signatureBytes), 0, 0, 0]
            else { break }
            let data = Array(rest.dropFirst(4))
            return try session.open(
                signature: Array(data.prefix(NTLMSession.signatureBytes)),
                sealed: Array(data.dropFirst(NTLMSession.signatureBytes).prefix(length)))
        }
        throw WinRMError(.badAnswer, "a sealed answer of the host is cut short or framed in another way")
    }

    /// The next line without its end; nil when there is none, or none of a header's length.
    private static func takeLine(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard let end = rest.prefix(1_024).firstIndex(of: 10) else { return nil }
        let line = rest[rest.startIndex..<end]
        rest = rest[(end + 1)...]
        return String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
    }
}
