import GridIdentity
import Testing

@Suite struct PeerIdentityTests {
    @Test(arguments: PeerRole.allCases) func `a URI name reads back as it was written`(role: PeerRole) throws {
        let identity = try #require(PeerIdentity(cluster: "NOIZYLAB", role: role, name: "M2-Ultra.lan_1"))

        #expect(identity.uri == "spiffe://NOIZYLAB/\(role.rawValue)/M2-Ultra.lan_1")
        #expect(PeerIdentity(uri: identity.uri) == identity)
    }

    @Test func `the longest names fit`() throws {
        let long = String(repeating: "a", count: 63)
        let identity = try #require(PeerIdentity(cluster: long, role: .coordinator, name: long))

        #expect(PeerIdentity(uri: identity.uri) == identity)
        #expect(PeerIdentity(uri: identity.uri + "a") == nil)
    }

    @Test(arguments: [
        "", "spiffe://", "spiffe:///agent/x", "spiffe://c/agent", "spiffe://c/agent/", "spiffe://c/agent/x/",
        "spiffe://c/agent/x/y", "spiffe://c//x", "spiffe://c/root/x", "spiffe://c/Agent/x", "SPIFFE://c/agent/x",
        "https://c/agent/x", "spiffe://c/agent/x%2Fy", "spiffe://c%00/agent/x", "spiffe://c/agent/x y",
        "spiffe://c/agent/x\0", "spiffe://c/agent/x\n", " spiffe://c/agent/x", "spiffe://c:1/agent/x",
        "spiffe://u@c/agent/x", "spiffe://c/agent/x?q", "spiffe://c/agent/x#f", "spiffe://c/agent/..",
        "spiffe://c/agent/é", "spiffe://c/agent/" + String(repeating: "a", count: 64),
        "spiffe://c/agent/" + String(repeating: "a", count: 100_000),
    ])
    func `anything else is no identity`(uri: String) {
        #expect(PeerIdentity(uri: uri) == nil)
    }
}
