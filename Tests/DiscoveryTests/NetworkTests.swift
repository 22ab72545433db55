import Discovery
import Testing

struct NetworkTests {
    @Test(arguments: ["192.168.1.0/24", "10.0.0.7/32", "0.0.0.0/0", "127.0.0.0/28"])
    func `networks are read as they are written`(_ text: String) throws {
        #expect(try #require(IPv4Network(text)).description == text)
    }

    @Test(arguments: [
        "", "192.168.1", "192.168.1.0/", "192.168.1.0/33", "192.168.1.7/24", "192.168.1.256", "192.168.01.0000",
        "a.b.c.d/24",
        "192.168.1.0/24/1", "192.168.1.0/-1", "+1.2.3.4", "::1/128",
    ])
    func `what is none is none`(_ text: String) {
        #expect(IPv4Network(text) == nil)
    }

    @Test func `hosts are all but the network's own and its broadcast address`() throws {
        #expect(Array(try #require(IPv4Network("10.0.0.0/30")).hosts).map(\.description) == ["10.0.0.1", "10.0.0.2"])
        #expect(Array(try #require(IPv4Network("10.0.0.0/31")).hosts).count == 2)
        #expect(Array(try #require(IPv4Network("10.0.0.9")).hosts).map(\.description) == ["10.0.0.9"])
        #expect(Array(try #require(IPv4Network("255.255.255.248/29")).hosts).last?.description == "255.255.255.254")
    }

    @Test(arguments: [
        ("192.168.0.0/16", true), ("172.16.0.0/12", true), ("172.32.0.0/16", false), ("8.8.8.0/24", false),
        ("100.64.1.0/24", true),
        ("127.0.0.0/8", true), ("192.0.0.0/8", false), ("0.0.0.0/0", false),
    ])
    func `private is what nobody else has`(_ text: String, _ isPrivate: Bool) throws {
        #expect(try #require(IPv4Network(text)).isPrivate == isPrivate)
    }

    @Test func `large and public networks have to be asked for, and the largest are not searched at all`() throws {
        #expect(try SearchPlan.named("10.0.0.0/20", isAnyAllowed: false).size == 4_096)
        #expect(throws: SearchPlan.Refusal.self) { try SearchPlan.named("10.0.0.0/19", isAnyAllowed: false) }
        #expect(throws: SearchPlan.Refusal.self) { try SearchPlan.named("8.8.8.0/24", isAnyAllowed: false) }
        #expect(try SearchPlan.named("8.8.8.0/24", isAnyAllowed: true).prefix == 24)
        #expect(throws: SearchPlan.Refusal.self) { try SearchPlan.named("10.0.0.0/8", isAnyAllowed: true) }
        #expect(throws: SearchPlan.Refusal.malformed("lan")) { try SearchPlan.named("lan", isAnyAllowed: true) }
    }

    private func networks(_ texts: String...) -> [IPv4Network] { texts.compactMap { IPv4Network($0) } }

    @Test func `this machine's own networks are searched once each, without loopback and what is too large`() throws {
        let found = try SearchPlan.own(
            networks(
                "127.0.0.0/8", "192.168.1.0/24", "192.168.1.0/24", "192.168.0.0/22", "172.17.0.0/16", "169.254.0.0/16",
                "8.8.8.0/24", "10.0.0.1/32"))

        #expect(found.map(\.description) == ["192.168.0.0/22"])
        #expect(throws: SearchPlan.Refusal.nothing) { try SearchPlan.own(networks("127.0.0.0/8", "172.17.0.0/16")) }
    }

    @Test func `Linux's table of neighbours`() {
        let text = """
            IP address       HW type     Flags       HW address            Mask     Device
            192.168.1.1      0x1         0x2         00:11:22:33:44:55     *        eth0
            192.168.1.7      0x1         0x0         00:00:00:00:00:00     *        eth0
            192.168.1.9      0x1         0x2         AA:bb:cc:0d:ee:ff     *        wlan0
            nonsense
            """
        let found = Neighbour.parse(procNetARP: text)

        #expect(
            found.map { "\($0.address) \($0.hardware) \($0.interface)" } == [
                "192.168.1.1 00:11:22:33:44:55 eth0", "192.168.1.9 aa:bb:cc:0d:ee:ff wlan0",
            ])
    }

    @Test func `Darwin's table of neighbours`() {
        let text = """
            ? (192.168.1.1) at 0:11:22:33:44:5 on en0 ifscope [ethernet]
            ? (192.168.1.23) at (incomplete) on en0 ifscope [ethernet]
            mac-pro.lan (192.168.1.21) at 3c:7d:a:1:2:3 on en1 ifscope permanent [ethernet]
            ? (192.168.1.255) at ff:ff:ff:ff:ff:ff on en0 ifscope [ethernet]
            ? (224.0.0.251) at 1:0:5e:0:0:fb on en0 ifscope permanent [ethernet]
            """
        let found = Neighbour.parse(arp: text)

        #expect(
            found.map { "\($0.address) \($0.hardware) \($0.interface)" } == [
                "192.168.1.1 00:11:22:33:44:05 en0", "192.168.1.21 3c:7d:0a:01:02:03 en1",
                "224.0.0.251 01:00:5e:00:00:fb en0",
            ])
    }
}
