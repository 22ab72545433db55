import Links
import Testing

struct SSHVisitTests {
    @Test func `where the client goes is read from its own words`() {
        var report = SSHVisit.Report()
        SSHVisit.read("user studio\nhostname 10.0.0.7\nport 2222\nproxycommand none\n", into: &report)
        #expect(report.host == "10.0.0.7")
        #expect(report.port == 2_222)
        #expect(!report.isIndirect)

        SSHVisit.read("proxyjump gate\n", into: &report)
        #expect(report.isIndirect)
    }

    @Test func `fingerprints are told with their kind, the newest first`() {
        let text = """
            3072 SHA256:aaa 127.0.0.1 (RSA)
            256 SHA256:bbb [127.0.0.1]:22001 (ED25519)
            nonsense
            256 MD5:cc host (ECDSA)
            """
        #expect(SSHVisit.fingerprints(text) == ["SHA256:bbb (ED25519)", "SHA256:aaa (RSA)"])
    }
}
