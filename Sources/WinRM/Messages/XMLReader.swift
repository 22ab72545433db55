/// Reads the XML that a host answers with: elements, attributes, text, CDATA and comments. A document type, and so every
/// entity but the five of XML itself, is refused unseen; size, depth and count are bounded. Whoever answers may be
/// anybody, and must not be able to make a small document large.
package struct XMLReader {
    /// What a document may be at most.
    package struct Bounds: Sendable {
        package var bytes = 8 << 20
        package var depth = 64
        package var elements = 200_000

        package init() {}
    }

    private let bytes: [UInt8]
    private let bounds: Bounds
    private var position = 0
    private var elements = 0

    private init(_ bytes: [UInt8], _ bounds: Bounds) {
        self.bytes = bytes
        self.bounds = bounds
    }

    /// - Throws: `badAnswer`, with the place, when it is not one well-formed document within the bounds.
    package static func read(_ bytes: [UInt8], bounds: Bounds = Bounds()) throws(WinRMError) -> XMLElement {
        guard bytes.count <= bounds.bytes else {
            throw WinRMError(.badAnswer, "the host's answer is larger than \(bounds.bytes) bytes")
        }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw WinRMError(.badAnswer, "the host's answer is not UTF-8")
        }
        var reader = XMLReader(bytes, bounds)
        return try reader.document()
    }

    private mutating func document() throws(WinRMError) -> XMLElement {
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
        try skipMisc()
        let root = try element(scope: ["xml": "http://www.w3.org/XML/1998/namespace"], depth: 1)
        try skipMisc()
        guard position == bytes.count else { throw wrong("there is more after the end") }
        return root
    }

    /// Blanks, comments and processing instructions around the root.
    private mutating func skipMisc() throws(WinRMError) {
        while true {
            skipBlanks()
            if take("<?") {
                _ = try upTo("?>")
            } else if take("<!--") {
                _ = try upTo("-->")
            } else if starts("<!") {
                throw wrong("a document type is not allowed")
            } else {
                return
            }
        }
    }

    private mutating func element(scope outer: [String: String], depth: Int) throws(WinRMError) -> XMLElement {
        elements += 1
        guard depth <= bounds.depth, elements <= bounds.elements else { throw wrong("too deep, or too many elements") }
        guard take("<") else { throw wrong("an element is missing") }
        let qualified = try name()
        var scope = outer
        var attributes: [String: String] = [:]
        while true {
            let blanks = skipBlanks()
            if starts(">") || starts("/>") { break }
            guard blanks else { throw wrong("a blank is missing") }
            let (attribute, value) = try attribute()
            if attribute == "xmlns" {
                scope[""] = value
            } else if attribute.hasPrefix("xmlns:") {
                scope[String(attribute.dropFirst(6))] = value
            } else if attributes.updateValue(value, forKey: Self.local(attribute)) != nil {
                throw wrong("an attribute stands twice")
            }
        }
        let prefix = qualified.contains(":") ? String(qualified.prefix { $0 != ":" }) : ""
        guard prefix.isEmpty || scope[prefix] != nil else { throw wrong("the prefix '\(prefix)' is not declared") }
        var found = XMLElement(
            namespace: scope[prefix] ?? "", name: Self.local(qualified), attributes: attributes)
        if take("/>") { return found }
        _ = take(">")
        try content(of: &found, scope: scope, depth: depth)
        guard try name() == qualified else { throw wrong("'\(qualified)' is not closed") }
        skipBlanks()
        guard take(">") else { throw wrong("a tag is not closed") }
        return found
    }

    /// Up to and with the `</` of its end.
    private mutating func content(
        of element: inout XMLElement, scope: [String: String], depth: Int
    ) throws(WinRMError) {
        while true {
            let start = position
            while position < bytes.count, bytes[position] != UInt8(ascii: "<") { position += 1 }
            if position > start { element.text += try text(bytes[start..<position]) }
            guard position < bytes.count else { throw wrong("it is cut short") }
            if take("</") { return }
            if take("<!--") {
                _ = try upTo("-->")
            } else if take("<![CDATA[") {
                element.text += String(decoding: try upTo("]]>"), as: UTF8.self)
            } else if take("<?") {
                _ = try upTo("?>")
            } else {
                element.children.append(try self.element(scope: scope, depth: depth + 1))
            }
        }
    }

    private mutating func attribute() throws(WinRMError) -> (name: String, value: String) {
        let attribute = try name()
        skipBlanks()
        guard take("=") else { throw wrong("'\(attribute)' has no value") }
        skipBlanks()
        let quote = position < bytes.count ? bytes[position] : 0
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { throw wrong("a quote is missing") }
        position += 1
        guard let end = bytes[position...].firstIndex(of: quote) else { throw wrong("a quote is not closed") }
        let value = try text(bytes[position..<end])
        guard !bytes[position..<end].contains(UInt8(ascii: "<")) else { throw wrong("'<' in a value") }
        position = end + 1
        return (attribute, value)
    }

    private mutating func name() throws(WinRMError) -> String {
        let start = position
        while position < bytes.count, Self.isNameByte(bytes[position]) { position += 1 }
        guard position > start else { throw wrong("a name is missing") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private func text(_ raw: ArraySlice<UInt8>) throws(WinRMError) -> String {
        guard raw.contains(UInt8(ascii: "&")) else { return String(decoding: raw, as: UTF8.self) }
        var plain = ""
        var rest = raw
        while let mark = rest.firstIndex(of: UInt8(ascii: "&")) {
            plain += String(decoding: rest[..<mark], as: UTF8.self)
            guard let end = rest[mark...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else {
                throw wrong("'&' without its end")
            }
            let entity = String(decoding: rest[(mark + 1)..<end], as: UTF8.self)
            guard let character = Self.character(entity) else { throw wrong("the entity '\(entity)' is not allowed") }
            plain.unicodeScalars.append(character)
            rest = rest[(end + 1)...]
        }
        return plain + String(decoding: rest, as: UTF8.self)
    }

    private static func character(_ entity: String) -> Unicode.Scalar? {
        switch entity {
        case "amp": "&"
        case "lt": "<"
        case "gt": ">"
        case "quot": "\""
        case "apos": "'"
        case _ where entity.hasPrefix("#x"): UInt32(entity.dropFirst(2), radix: 16).flatMap(Unicode.Scalar.init)
        case _ where entity.hasPrefix("#"): UInt32(entity.dropFirst()).flatMap(Unicode.Scalar.init)
        default: nil
        }
    }

    private static func local(_ qualified: String) -> String {
        qualified.firstIndex(of: ":").map { String(qualified[qualified.index(after: $0)...]) } ?? qualified
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "-"),
            UInt8(ascii: "."), 0x80...:
            true
        default: false
        }
    }

    @discardableResult
    private mutating func skipBlanks() -> Bool {
        let start = position
        while position < bytes.count, [9, 10, 13, 32].contains(bytes[position]) { position += 1 }
        return position > start
    }

    private func starts(_ mark: StaticString) -> Bool {
        guard bytes.count - position >= mark.utf8CodeUnitCount else { return false }
        return (0..<mark.utf8CodeUnitCount).allSatisfy { bytes[position + $0] == mark.utf8Start[$0] }
    }

    private mutating func take(_ mark: StaticString) -> Bool {
        guard starts(mark) else { return false }
        position += mark.utf8CodeUnitCount
        return true
    }

    private mutating func upTo(_ mark: StaticString) throws(WinRMError) -> ArraySlice<UInt8> {
        let start = position
        while position < bytes.count {
            let end = position
            if take(mark) { return bytes[start..<end] }
            position += 1
        }
        throw wrong("it is cut short")
    }

    private func wrong(_ what: String) -> WinRMError {
        WinRMError(.badAnswer, "the host's answer is no XML that is read here: \(what) at byte \(position)")
    }
}
