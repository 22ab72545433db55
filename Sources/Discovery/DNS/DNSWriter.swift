extension DNSMessage {
    /// On the wire, without compression: what is said here is short.
    package var bytes: [UInt8] {
        var writer = DNSWriter()
        // An answer speaks for its own names.
        writer.add([id, isResponse ? 0x8400 : 0])
        writer.add([questions.count, answers.count, 0, additional.count].map { UInt16(clamping: $0) })
        for question in questions {
            writer.add(question.name)
            writer.add([question.type, question.wantsUnicast ? 0x8001 : 1])
        }
        for record in answers + additional { writer.add(record) }
        return writer.bytes
    }
}

/// Puts the pieces of a message one after the other.
private struct DNSWriter {
    private(set) var bytes: [UInt8] = []

    mutating func add(_ numbers: [UInt16]) {
        for number in numbers { bytes += [UInt8(number >> 8), UInt8(number & 255)] }
    }

    mutating func add(_ name: DNSName) { bytes += Self.encoded(name) }

    mutating func add(_ record: DNSMessage.Record) {
        add(record.name)
        add([record.type, record.isWhole ? 0x8001 : 1, UInt16(record.seconds >> 16), UInt16(record.seconds & 0xFFFF)])
        var content = DNSWriter()
        switch record.content {
        case .address(let address): content.add([UInt16(address.number >> 16), UInt16(address.number & 0xFFFF)])
        case .pointer(let name): content.add(name)
        case .service(let port, let host):
            content.add([0, 0, port])
            content.add(host)
        case .text(let texts):
            // An empty list is one empty text (RFC 6763 §6.1).
            for text in texts.isEmpty ? [[]] : texts {
                content.bytes += [UInt8(min(text.count, 255))] + text.prefix(255)
            }
        case .other(_, let bytes): content.bytes = bytes
        }
        add([UInt16(clamping: content.bytes.count)])
        bytes += content.bytes
    }

    private static func encoded(_ name: DNSName) -> [UInt8] {
        name.labels.flatMap { [UInt8($0.count)] + $0 } + [0]
    }
}
