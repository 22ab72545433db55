import Foundation
import GridIdentity
import GridModel
import Testing

struct SignerKeyTests {
    private static let message = Array("noizylab".utf8)

    @Test(arguments: SignatureAlgorithm.allCases)
    func `what a key signs its public key verifies, and nothing else`(algorithm: SignatureAlgorithm) throws {
        let (key, other) = (SignerKey.make(algorithm), SignerKey.make(algorithm))
        let signature = try key.signature(for: Self.message)
        #expect(signature.count == TaskEnvelope.signatureBytes)
        let verifier = try key.publicKey.verifier()
        #expect(verifier.isValid(signature, for: Self.message))
        #expect(!verifier.isValid(signature, for: Self.message + [0]))
        #expect(try !other.publicKey.verifier().isValid(signature, for: Self.message))
        for place in signature.indices {
            var changed = signature
            changed[place] ^= 1
            #expect(!verifier.isValid(changed, for: Self.message), "byte \(place)")
        }
        for count in [0, 1, 63, 65] {
            #expect(!verifier.isValid([UInt8](repeating: 1, count: count), for: Self.message))
        }
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func `a public key comes back from its text`(algorithm: SignatureAlgorithm) throws {
        let key = SignerKey.make(algorithm).publicKey
        #expect(try SignerPublicKey(parsing: "\(key)") == key)
        #expect(key.id.count == 32)
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func `a key's file is for its owner alone, and made once`(algorithm: SignatureAlgorithm) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/noizylab-signer-\(UUID().uuidString)"
        try PrivateFile.makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (key, path) = (SignerKey.make(algorithm), "\(folder)/anna.key")

        #expect(try key.create(at: path))
        #expect(try !SignerKey.make(algorithm).create(at: path), "what is there stays")
        #expect(try SignerKey.load(path).publicKey == key.publicKey)
        let mode = try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)
        #expect(mode.intValue & 0o777 == 0o600)
        chmod(path, 0o644)
        #expect { try SignerKey.load(path) } throws: { ($0 as? IdentityError)?.code == .exposedKey }
        #expect("\(key)" == "***")
    }

    @Test func `the document's example has the document's digest`() {
        let spec = TaskSpec(payload: .command(Command(invocation: .arguments(["true"]))))
        #expect(
            Hexadecimal.encode(SHA256Digest.of(spec.canonicalBytes))
                == "6f683090efa63521fbc3c2bac3761da0c94c57540fc67fb60944d82d545e3687")
    }

    @Test func `a secret key is not taken for a public one, and says so`() throws {
        let text = "nzs1-secret-ed25519-" + String(repeating: "a", count: 52)
        _ = try SignerKey(parsing: text)
        #expect { try SignerPublicKey(parsing: text) } throws: {
            ($0 as? IdentityError)?.message.contains("keep it secret") == true
        }
    }

    @Test func `a list of signers reads as it is written`() throws {
        let (anna, ben) = (SignerKey.make(.ed25519).publicKey, SignerKey.make(.p256).publicKey)
        let text = "# the studio's\n\n\(anna) anna\n  \(ben)\tben # Benjamin\n\(anna) again\n"
        var signers = try TrustedSigners(text: text, from: "list")
        #expect(signers.signers.map(\.name) == ["anna", "ben"])
        #expect(signers.find(ben.id)?.signer.name == "ben")
        #expect(signers.find(SignerKey.make(.p256).publicKey.id) == nil)
        #expect(try TrustedSigners(text: signers.text, from: "list").signers == signers.signers)
        #expect(signers.remove(ben.shortID).map(\.name) == ["ben"])
        #expect(signers.remove("nobody").isEmpty)
        #expect(signers.signers.map(\.name) == ["anna"])
    }

    @Test(arguments: ["nzs1-ed25519-aaaa anna", "x", "nzs1-rsa-aaaa b", "# fine\nnzs1-p256-aa"])
    func `a list with a bad line is refused whole, and the line is named`(text: String) {
        #expect { try TrustedSigners(text: text, from: "list") } throws: {
            ($0 as? IdentityError)?.message.hasPrefix("list:\(text.hasPrefix("#") ? 2 : 1): ") == true
        }
    }
}
