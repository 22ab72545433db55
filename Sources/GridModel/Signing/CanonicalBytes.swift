/// Writes values as the one sequence of bytes that is signed. Numbers have their greatest byte first; text is its UTF-8
/// bytes as they are, behind their count in four bytes. `docs/signing.md` says it byte by byte.
struct CanonicalWriter {
    private(set) var bytes: [UInt8] = []

    mutating func append(raw value: some Sequence<UInt8>) { bytes.append(contentsOf: value) }

    mutating func append(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ text: String) {
        append(UInt32(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    /// A count, then each name and its value, in the order of the names' bytes.
    mutating func append(_ map: [String: String]) {
        append(UInt32(map.count))
        for (name, value) in map.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            append(name)
            append(value)
        }
    }

    /// A tag, the count of what follows, and that.
    mutating func field(_ tag: UInt8, _ body: (inout CanonicalWriter) -> Void) {
        append(tag)
        let place = bytes.count
        append(UInt32(0))
        body(&self)
        let count = UInt32(bytes.count - place - 4)
        withUnsafeBytes(of: count.bigEndian) { bytes.replaceSubrange(place..<(place + 4), with: $0) }
    }

    mutating func field(_ tag: UInt8, _ number: Int64) {
        if number != 0 { field(tag) { $0.append(number) } }
    }

    mutating func field(_ tag: UInt8, _ text: String) {
        if !text.isEmpty { field(tag) { $0.append(raw: text.utf8) } }
    }

    mutating func field(_ tag: UInt8, _ map: [String: String]) {
        if !map.isEmpty { field(tag) { $0.append(map) } }
    }
}

/// Reads what `CanonicalWriter` wrote, from a stranger: every read is bounded, and anything but the one spelling is
/// refused by nil.
struct CanonicalReader {
    private let bytes: [UInt8]
    private(set) var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, bytes.count - place >= count else { return nil }
        defer { place += count }
        return bytes[place..<(place + count)]
    }

    mutating func take(_ expected: [UInt8]) -> Bool { take(expected.count).map { $0.elementsEqual(expected) } ?? false }

    mutating func number<Number: FixedWidthInteger>(_: Number.Type = Number.self) -> Number? {
        take(Number.bitWidth / 8).map { $0.reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) } }
    }

    mutating func text(limit: Int) -> String? {
        guard let count = number(UInt32.self), count <= limit, let bytes = take(Int(count)) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// What nobody has read yet.
    var rest: ArraySlice<UInt8> { bytes[place...] }
}
