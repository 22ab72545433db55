import GridIdentity
import GridModel
import TestSupport
import Testing

/// Fuzzing of what strangers send before anybody knows them: seeded, bounded, and every refusal is an error of ours.
struct StrangersInputTests {
    @Test func `fuzz: a damaged join token is refused or another`() {
        var random = SeededChance.announced(for: "join tokens")
        let token = JoinToken.make(authorityKeyHash: [UInt8](repeating: 7, count: 32))
        let text = Array(token.text.utf8)
        for round in 0..<20_000 {
            let damaged = random.damaged(text)
            let string = String(decoding: damaged, as: UTF8.self)
            do {
                let parsed = try JoinToken(parsing: string)
                #expect(parsed.text == string, "one spelling, round \(round)")
            } catch {
                #expect(!error.message.contains(String(token.text.prefix(40))), "round \(round)")
            }
        }
    }

    /// A damaged request proves no other key: it is refused, or the damage touched nothing that counts (line ends, text
    /// around the armour, the unused bits of its last letter) and the same key is certified.
    @Test func `fuzz: a damaged signing request is refused, or certifies the key it was made with`() throws {
        var random = SeededChance.announced(for: "signing requests")
        try withSigningAuthority { authority, now in
            let identity = try #require(PeerIdentity(cluster: "FUZZ", role: .agent, name: "n"))
            let key = SigningKey.make()
            let text = Array(try key.signingRequest().utf8)
            var refused = 0
            for round in 0..<3_000 {
                let damaged = random.damaged(text)
                do throws(IdentityError) {
                    let pem = try authority.issue(
                        signingRequest: String(decoding: damaged, as: UTF8.self), to: identity, now: now)
                    #expect(Self.certifiedKeyHash(pem) == key.publicKeyHash, "round \(round)")
                } catch {
                    #expect([.malformed, .refused].contains(error.code), "round \(round): \(error.code)")
                    refused += 1
                }
            }
            #expect(refused > 2_000, "damage is noticed")
        }
    }

    /// The same in its binary form, where each damage reaches the reader of ASN.1.
    @Test func `fuzz: a signing request damaged inside its armour is refused`() throws {
        var random = SeededChance.announced(for: "signing requests, inside")
        try withSigningAuthority { authority, now in
            let identity = try #require(PeerIdentity(cluster: "FUZZ", role: .agent, name: "n"))
            let der = try #require(Self.decoded(try SigningKey.make().signingRequest()))
            for round in 0..<3_000 {
                let damaged = random.damaged(der)
                guard damaged != der else { continue }
                let pem = Self.armoured(damaged)
                do throws(IdentityError) {
                    _ = try authority.issue(signingRequest: pem, to: identity, now: now)
                    Issue.record("round \(round) was signed")
                } catch {
                    #expect([.malformed, .refused].contains(error.code), "round \(round): \(error.code)")
                }
            }
        }
    }

    @Test func `fuzz: a damaged envelope is no envelope, or its signature does not fit`() throws {
        var random = SeededChance.announced(for: "envelopes")
        let key = SignerKey.make(.ed25519)
        let verifier = try key.publicKey.verifier()
        let envelope = TaskEnvelope(
            algorithm: .ed25519, signer: key.publicKey.id, cluster: "FUZZ", node: NodeName("N"),
            nonce: [UInt8](repeating: 1, count: 16), issuedAt: Timestamp(microseconds: 1),
            expiresAt: Timestamp(microseconds: 2), key: "k", specDigest: [UInt8](repeating: 2, count: 32))
        let statement = envelope.statement
        let sealed = statement + (try key.signature(for: statement))
        for round in 0..<20_000 {
            let damaged = random.damaged(sealed)
            guard damaged != sealed, let opened = TaskEnvelope.open(damaged) else { continue }
            #expect(opened.statement + opened.signature == damaged)
            #expect(!verifier.isValid(opened.signature, for: opened.statement), "round \(round)")
        }
    }

    @Test func `fuzz: a damaged attestation is none, or says its own bytes again`() throws {
        var random = SeededChance.announced(for: "attestations")
        let digest = [UInt8](repeating: 7, count: 32)
        let statement = ResultStatement(
            cluster: "FUZZ", node: NodeName(checked: "N"), ref: AttemptRef(task: TaskID(number: 77), epoch: 2),
            specDigest: digest, envelopeDigest: digest, end: .failed, exitCode: 3, signal: nil,
            stdout: StreamDigest(bytes: 5, sha256: digest), stderr: StreamDigest(bytes: 0, sha256: digest),
            finishedAt: Timestamp(microseconds: 99))
        let attestation = statement.bytes + [UInt8](repeating: 9, count: 64) + [0x30, 0x01, 0x00]
        for _ in 0..<20_000 {
            let damaged = random.damaged(attestation)
            guard let opened = ResultStatement.open(damaged) else { continue }
            #expect(opened.signed == opened.statement.bytes)
            #expect(opened.signed + opened.signature + opened.certificate == damaged)
        }
    }

    @Test func `fuzz: signers' keys and lists in any damage are read or refused`() {
        var random = SeededChance.announced(for: "signers")
        let secret = Array("nzs1-secret-p256-\(String(repeating: "b", count: 51))a".utf8)
        let line = Array("\(SignerKey.make(.p256).publicKey) anna # comment\n".utf8)
        for _ in 0..<5_000 {
            _ = try? SignerKey(parsing: String(decoding: random.damaged(secret), as: UTF8.self))
            let text = String(decoding: random.damaged(line + line), as: UTF8.self)
            if let signers = try? TrustedSigners(text: text, from: "list") { #expect(signers.signers.count <= 2) }
        }
    }
}
