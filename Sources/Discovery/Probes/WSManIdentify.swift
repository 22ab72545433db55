/// The question by which a WS-Management listener says what it is, to strangers too (DSP0226 §11, MS-WSMV).
enum WSManIdentify {
    static func request(host: String, port: Int) -> [UInt8] {
        let body = """
            <s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" \
            xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">\
            <s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>
            """
        let head = """
            POST /wsman HTTP/1.1\r
            Host: \(host):\(port)\r
            Content-Type: application/soap+xml;charset=UTF-8\r
            WSMANIDENTIFY: unauthenticated\r
            Content-Length: \(body.utf8.count)\r
            Connection: close\r
            \r

            """
        return Array((head + body).utf8)
    }

    /// Product and version, as `Microsoft Corporation OS: 10.0.20348`; empty when it says nothing of the kind. What
    /// answers HTTP at all says at least so.
    static func words(_ answer: [UInt8]) -> String {
        let text = String(decoding: answer.prefix(64 * 1_024), as: UTF8.self)
        guard text.hasPrefix("HTTP/1.") else { return "" }
        let found = ["ProductVendor", "ProductVersion"].compactMap { content(of: $0, in: text) }
        if !found.isEmpty { return found.joined(separator: " ") }
        // Where strangers are not answered, the server's own line is left.
        let server = text.split(whereSeparator: \.isNewline).first { $0.lowercased().hasPrefix("server:") }
        return server.map { String($0.dropFirst(7).drop { $0 == " " }.prefix(100)) } ?? "HTTP"
    }

    /// The text of the first element of that name, whatever its prefix; nothing else of the document is believed.
    private static func content(of element: String, in text: String) -> String? {
        let bytes = Array(text.utf8)
        let name = Array(element.utf8)
        guard let place = bytes.firstRange(of: name + [62])?.upperBound,
            let end = bytes[place...].firstIndex(of: 60), end - place <= 200
        else { return nil }
        let content = String(decoding: bytes[place..<end], as: UTF8.self)
        return content.isEmpty ? nil : content
    }
}
