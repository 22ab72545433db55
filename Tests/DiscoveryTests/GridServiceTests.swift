import Discovery
import Testing

struct GridServiceTests {
    private let service = GridService(
        cluster: "NOIZYLAB", node: "M2-Ultra", version: "0.1.0", port: 50_051, edgePort: 50_052,
        addresses: [IPv4Address(0xC0A8_0114)])

    private func query(_ name: String, _ type: UInt16, knowing known: [DNSMessage.Record] = []) throws -> DNSMessage {
        var message = DNSMessage()
        message.questions = [.init(try #require(DNSName(name)), type)]
        message.answers = known
        return message
    }

    @Test func `who asks for grids hears all that is needed to find this one`() throws {
        let words = try #require(GridAnnouncement(service))
        var catalogue = try #require(GridCatalogue())

        let answer = try #require(words.answer(to: catalogue.question))
        catalogue.hear(try DNSMessage(reading: answer.bytes))

        #expect(catalogue.found == [service])
    }

    @Test(arguments: [
        ("_NoizyLab._TCP.local", DNSType.pointer), ("M2-Ultra of NOIZYLAB._noizylab._tcp.local", DNSType.service),
        ("M2-Ultra of NOIZYLAB._noizylab._tcp.local", DNSType.any), ("noizylab-M2-Ultra.local", DNSType.address),
        ("_services._dns-sd._udp.local", DNSType.pointer),
    ])
    func `it answers for its own names, in any case of letters`(_ name: String, _ type: UInt16) throws {
        #expect(try #require(GridAnnouncement(service)).answer(to: query(name, type)) != nil)
    }

    @Test(arguments: [
        ("_ipp._tcp.local", DNSType.pointer), ("noizylab-M2-Ultra.local", DNSType.text), ("local", DNSType.any),
    ])
    func `it says nothing of others`(_ name: String, _ type: UInt16) throws {
        #expect(try #require(GridAnnouncement(service)).answer(to: query(name, type)) == nil)
    }

    @Test func `who knows it already is not told again, and an answer is never answered`() throws {
        let words = try #require(GridAnnouncement(service))
        var known = try #require(words.announcement().answers.first)
        let name = GridService.type
        #expect(try words.answer(to: query(name, DNSType.pointer, knowing: [known])) == nil)

        known.seconds = 10
        #expect(try words.answer(to: query(name, DNSType.pointer, knowing: [known])) != nil)
        #expect(words.answer(to: words.announcement()) == nil)
    }

    @Test func `one that leaves is forgotten`() throws {
        let words = try #require(GridAnnouncement(service))
        var catalogue = try #require(GridCatalogue())
        catalogue.hear(words.announcement())
        #expect(catalogue.found.count == 1)

        catalogue.hear(words.announcement(isLeaving: true))

        #expect(catalogue.found.isEmpty)
    }

    @Test func `a flood of announcements fills only so much`() throws {
        var catalogue = try #require(GridCatalogue())
        for index in 0..<1_000 {
            var other = service
            other.node = "node-\(index)"
            catalogue.hear(try #require(GridAnnouncement(other)).announcement())
        }

        #expect(catalogue.found.count == 64)
    }

    @Test func `names that are too long for a label are cut`() throws {
        var long = service
        long.node = String(repeating: "ä", count: 63)
        #expect(GridAnnouncement(long) != nil)
    }
}
