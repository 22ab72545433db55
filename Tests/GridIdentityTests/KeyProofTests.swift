import GridIdentity
import Testing

@Suite struct KeyProofTests {
    private let key = SigningKey.make()
    private let nonce = KeyProof.makeNonce()

    @Test func `a proof names its key`() throws {
        let request = try key.signingRequest()
        let proof = try KeyProof.make(nonce: nonce, name: "HP-OMEN", signingRequest: request, by: key)

        #expect(try proof.keyHash(nonce: nonce, name: "HP-OMEN", signingRequest: request) == key.publicKeyHash)
    }

    @Test func `for another number, name, request or key it proves nothing`() throws {
        let request = try key.signingRequest()
        let proof = try KeyProof.make(nonce: nonce, name: "HP-OMEN", signingRequest: request, by: key)
        let stranger = SigningKey.make()

        expectError(.refused, "not signed by the key") {
            _ = try proof.keyHash(nonce: KeyProof.makeNonce(), name: "HP-OMEN", signingRequest: request)
        }
        expectError(.refused, "not signed by the key") {
            _ = try proof.keyHash(nonce: nonce, name: "Mac-Pro", signingRequest: request)
        }
        expectError(.refused, "not signed by the key") {
            _ = try proof.keyHash(nonce: nonce, name: "HP-OMEN", signingRequest: key.signingRequest())
        }
        expectError(.refused, "not signed by the key") {
            _ = try proof.keyHash(nonce: nonce, name: "HP-OMEN", signingRequest: stranger.signingRequest())
        }
    }

    @Test(arguments: [[], [0x30], [UInt8](repeating: 0xff, count: 72), [UInt8](repeating: 1, count: 100_000)])
    func `bytes that are no signature prove nothing`(bytes: [UInt8]) throws {
        let request = try key.signingRequest()

        expectError(.refused, "not signed by the key") {
            _ = try KeyProof(signature: bytes).keyHash(nonce: nonce, name: "HP-OMEN", signingRequest: request)
        }
        expectError(.malformed, "not one in PEM form") {
            _ = try KeyProof(signature: bytes).keyHash(nonce: nonce, name: "HP-OMEN", signingRequest: "-----BEGIN")
        }
    }

    @Test func `a fingerprint is the same on both screens, and another for everything else`() {
        let authority = [UInt8](repeating: 1, count: 32), node = key.publicKeyHash
        let shown = JoinFingerprint(authorityKeyHash: authority, nodeKeyHash: node, name: "Mac-Pro")

        #expect(shown == JoinFingerprint(authorityKeyHash: authority, nodeKeyHash: node, name: "Mac-Pro"))
        #expect(shown.text.split(separator: "-").map(\.count) == [4, 4, 4, 4])
        #expect(shown.matches(shown.text.uppercased().replacing("-", with: " ")))
        #expect(!shown.matches(""))
        for other in [
            JoinFingerprint(authorityKeyHash: node, nodeKeyHash: node, name: "Mac-Pro"),
            JoinFingerprint(authorityKeyHash: authority, nodeKeyHash: authority, name: "Mac-Pro"),
            JoinFingerprint(authorityKeyHash: authority, nodeKeyHash: node, name: "Mac-Pr"),
        ] {
            #expect(other != shown)
            #expect(!shown.matches(other.text))
        }
    }
}
