/// Reads a message from a stranger. Every step is bounded: names go backwards only and have 255 bytes at most, a message
/// has 9,000 bytes and 256 records at most, and whatever does not fit ends the reading.
struct DNSReader {
    static let sizeLimit = 9_000
    static let recordLimit = 256

    private let bytes: [UInt8]
    private var position = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    static func read(_ bytes: [UInt8]) throws(DNSError) -> DNSMessage {
        guard bytes.count <= sizeLimit else { throw .tooLong }
        var reader = DNSReader(bytes)
        return try reader.message()
    }

    private mutating func message() throws(DNSError) -> DNSMessage {
        var message = DNSMessage()
        message.id = try number()
        let flags = try number()
        // Standard queries and answers without an error; multicast DNS knows nothing else.
        guard flags & 0x780F == 0 else { throw .foreign }
        message.isResponse = flags & 0x8000 != 0
        var counts: [Int] = []
        for _ in 0..<4 { counts.append(Int(try number())) }
        guard counts.reduce(0, +) <= Self.recordLimit else { throw .tooMany }
        for _ in 0..<counts[0] {
            let name = try name()
            let type = try number()
            let kind = try number()
            if kind & 0x7FFF == 1 || kind & 0x7FFF == 255 {
                message.questions.append(.init(name, type, wantsUnicast: kind & 0x8000 != 0))
            }
        }
        for _ in 0..<counts[1] { if let record = try record() { message.answers.append(record) } }
        for _ in 0..<(counts[2] + counts[3]) { if let record = try record() { message.additional.append(record) } }
        return message
    }

    /// Nil for one of another class than the Internet's.
    private mutating func record() throws(DNSError) -> DNSMessage.Record? {
        let name = try name()
        let type = try number()
        let kind = try number()
        let seconds = UInt32(try number()) << 16 | UInt32(try number())
        let end = position + 2 + Int(try peek())
        position += 2
        guard end <= bytes.count else { throw .cutOff }
        let content = try content(type, end)
        // What follows begins where this one said, whatever was found in it.
        guard position <= end else { throw .badRecord }
        position = end
        guard kind & 0x7FFF == 1 else { return nil }
        return .init(name, content, seconds: seconds, isWhole: kind & 0x8000 != 0)
    }

    private mutating func content(_ type: UInt16, _ end: Int) throws(DNSError) -> DNSMessage.Record.Content {
        switch type {
        case DNSType.address:
            guard end - position == 4 else { throw .badRecord }
            return .address(IPv4Address(UInt32(try number()) << 16 | UInt32(try number())))
        case DNSType.pointer: return .pointer(try self.name())
        case DNSType.service:
            guard end - position >= 7 else { throw .badRecord }
            position += 4
            let port = try number()
            return .service(port: port, host: try self.name())
        case DNSType.text:
            var texts: [[UInt8]] = []
            while position < end {
                let length = Int(bytes[position])
                guard position + 1 + length <= end else { throw .badRecord }
                texts.append(Array(bytes[(position + 1)..<(position + 1 + length)]))
                position += 1 + length
            }
            return .text(texts)
        default: return .other(type: type, Array(bytes[position..<end]))
        }
    }

    /// Compressed names point to earlier ones (RFC 1035 §4.1.4): strictly backwards, so that it ends.
    private mutating func name() throws(DNSError) -> DNSName {
        var labels: [[UInt8]] = []
        var (place, size) = (position, 1)
        var lowest = position
        var isElsewhere = false
        while true {
            guard place < bytes.count else { throw .cutOff }
            let length = Int(bytes[place])
            switch length {
            case 0:
                if !isElsewhere { position = place + 1 }
                guard let name = DNSName(labels: labels) else { throw .badName }
                return name
            case 1...63:
                guard place + 1 + length <= bytes.count else { throw .cutOff }
                size += 1 + length
                guard size <= DNSName.sizeLimit else { throw .badName }
                labels.append(Array(bytes[(place + 1)...(place + length)]))
                place += 1 + length
            case 0xC0...0xFF:
                guard place + 1 < bytes.count else { throw .cutOff }
                let target = (length & 0x3F) << 8 | Int(bytes[place + 1])
                if !isElsewhere { position = place + 2 }
                isElsewhere = true
                guard target < lowest else { throw .badName }
                (place, lowest) = (target, target)
            default: throw .badName
            }
        }
    }

    private func peek() throws(DNSError) -> UInt16 {
        guard position + 2 <= bytes.count else { throw .cutOff }
        return UInt16(bytes[position]) << 8 | UInt16(bytes[position + 1])
    }

    private mutating func number() throws(DNSError) -> UInt16 {
        let number = try peek()
        position += 2
        return number
    }
}

extension DNSMessage {
    package init(reading bytes: [UInt8]) throws(DNSError) { self = try DNSReader.read(bytes) }
}
