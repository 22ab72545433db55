import Discovery
import Testing

struct DNSMessageTests {
    private let announcement = GridAnnouncement(
        GridService(
            cluster: "NOIZYLAB", node: "M2-Ultra", version: "0.1.0", port: 50_051, edgePort: 50_052,
            addresses: [IPv4Address("192.168.1.20")!]))  // well formed

    @Test func `what is written is read again`() throws {
        let words = try #require(announcement)
        var query = DNSMessage()
        query.id = 7
        query.questions = [.init(try #require(DNSName("_noizylab._tcp.local")), DNSType.pointer, wantsUnicast: true)]

        for message in [query, words.announcement(), words.announcement(isLeaving: true)] {
            #expect(try DNSMessage(reading: message.bytes) == message)
        }
    }

    /// As a printer says it, with compressed names (RFC 1035 §4.1.4).
    private let compressed: [UInt8] =
        [0, 0, 0x84, 0, 0, 0, 0, 2, 0, 0, 0, 0]
        + [4, 95, 105, 112, 112, 4, 95, 116, 99, 112, 5, 108, 111, 99, 97, 108, 0]  // 12: _ipp._tcp.local
        + [0, 12, 0, 1, 0, 0, 0x11, 0x94, 0, 6, 3, 97, 98, 99, 0xC0, 12]  // PTR abc._ipp._tcp.local
        + [0xC0, 39, 0, 33, 0x80, 1, 0, 0, 0, 120, 0, 8, 0, 0, 0, 0, 0x02, 0x77, 0xC0, 22]  // SRV 631 local

    @Test func `compressed names are followed`() throws {
        let message = try DNSMessage(reading: compressed)

        let instance = try #require(DNSName("abc._ipp._tcp.local"))
        #expect(
            message.answers.map(\.content) == [
                .pointer(instance), .service(port: 631, host: try #require(DNSName("local"))),
            ])
        #expect(message.answers[1].name == instance)
        #expect(message.answers[1].isWhole)
    }

    private func name(_ bytes: [UInt8]) -> [UInt8] { [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0] + bytes + [0, 12, 0, 1] }

    @Test(
        arguments: [
            [0xC0, 12], [0xC0, 13, 0], [1, 97, 0xC0, 12], [0xC0, 0xFF], [0x80, 1, 0], [0x40, 97, 0], [63, 97],
        ] as [[UInt8]])
    func `names that point at themselves, forwards or nowhere end the reading`(_ bytes: [UInt8]) {
        #expect(throws: DNSError.self) { try DNSMessage(reading: name(bytes)) }
    }

    @Test func `a name is at most 255 bytes, however it is put together`() {
        let long =
            [UInt8](repeating: 0, count: 0) + (0..<5).flatMap { _ in [63] + [UInt8](repeating: 97, count: 63) } + [0]

        #expect(throws: DNSError.badName) { try DNSMessage(reading: name(long)) }
    }

    @Test func `too much, too many and another protocol are refused`() {
        #expect(throws: DNSError.tooLong) { try DNSMessage(reading: [UInt8](repeating: 0, count: 9_001)) }
        #expect(throws: DNSError.tooMany) {
            try DNSMessage(reading: [0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])
        }
        #expect(throws: DNSError.foreign) { try DNSMessage(reading: [0, 0, 0x28, 0, 0, 0, 0, 0, 0, 0, 0, 0]) }
        #expect(throws: DNSError.cutOff) { try DNSMessage(reading: []) }
    }

    @Test func `whatever bytes come, reading ends, and what it reads can be written and read again`() throws {
        let words = try #require(announcement)
        let seeds = [compressed, words.announcement().bytes]
        var random = SplitMix(seed: 20_261_125)
        var readable = 0
        for round in 0..<60_000 {
            var bytes = seeds[round % seeds.count]
            for _ in 0...Int(random.next() % 8) {
                switch random.next() % 4 {
                case 0: bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.removeLast(Int(random.next() % UInt64(min(bytes.count, 20))))
                case 2:
                    bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: Int(random.next() % UInt64(bytes.count)))
                default: bytes += [0xC0, UInt8(truncatingIfNeeded: random.next())]
                }
                if bytes.isEmpty { bytes = [0] }
            }
            guard let message = try? DNSMessage(reading: bytes) else { continue }
            readable += 1
            _ = words.answer(to: message)
            var catalogue = try #require(GridCatalogue())
            catalogue.hear(message)
            #expect(catalogue.found.count <= 64)
            let again = try? DNSMessage(reading: message.bytes)
            #expect(again != nil || message.bytes.count > 9_000)
        }
        #expect(readable > 1_000, "the fuzzing reaches further than the header")
    }

    @Test func `every beginning of a real message is refused or read, never a crash`() throws {
        let bytes = try #require(announcement).announcement().bytes
        for length in 0..<bytes.count {
            #expect(throws: DNSError.self) { try DNSMessage(reading: Array(bytes[..<length])) }
        }
    }
}

/// Numbers that are the same in every run.
struct SplitMix {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
