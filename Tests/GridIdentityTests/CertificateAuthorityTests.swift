import Crypto
import Foundation
import GridIdentity
import SwiftASN1
import Testing
import X509

@Suite struct CertificateAuthorityTests {
    @Test func `an authority is made once, and privately`() throws {
        try withFolder { folder in
            let made = try CertificateAuthority.loadOrCreate(folder: folder + "/pki/ca", cluster: "TEST", now: Date())
            let loaded = try CertificateAuthority.loadOrCreate(folder: folder + "/pki/ca", cluster: "TEST", now: Date())

            #expect(made.trust == loaded.trust)
            #expect(made.keyHash == loaded.keyHash)
            #expect(try mode(folder + "/pki/ca") == 0o700)
            #expect(try mode(folder + "/pki/ca/ca.key") == 0o600)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder + "/pki/ca").sorted() == [
                    "ca-2.key", "ca-2.pem", "ca.key", "ca.pem", "rotation.json",
                ])
        }
    }

    @Test func `starting many times at once makes one authority`() async throws {
        try await withFolder { folder in
            let hashes = try await withThrowingTaskGroup(of: [UInt8].self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        try CertificateAuthority.loadOrCreate(folder: folder, cluster: "TEST", now: Date()).keyHash
                    }
                }
                return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
            }

            #expect(hashes.count == 1)
        }
    }

    @Test func `killed between key and certificate, it goes on with the key`() throws {
        try withFolder { folder in
            let made = try CertificateAuthority.loadOrCreate(folder: folder, cluster: "TEST", now: Date())
            for name in ["ca.pem", "rotation.json"] { try FileManager.default.removeItem(atPath: folder + "/" + name) }

            #expect(
                try CertificateAuthority.loadOrCreate(folder: folder, cluster: "TEST", now: Date()).keyHash
                    == made.keyHash)
        }
    }

    @Test func `what does not belong together is refused`() throws {
        try withFolder { folder in
            _ = try CertificateAuthority.loadOrCreate(folder: folder + "/a", cluster: "TEST", now: Date())
            _ = try CertificateAuthority.loadOrCreate(folder: folder + "/b", cluster: "TEST", now: Date())

            expectError(.refused, "belongs to") {
                _ = try CertificateAuthority.loadOrCreate(folder: folder + "/a", cluster: "OTHER", now: Date())
            }
            try FileManager.default.removeItem(atPath: folder + "/a/ca.pem")
            try FileManager.default.copyItem(atPath: folder + "/b/ca.pem", toPath: folder + "/a/ca.pem")
            expectError(.untrusted, "not the certificate of") {
                _ = try CertificateAuthority.loadOrCreate(folder: folder + "/a", cluster: "TEST", now: Date())
            }
            try "nonsense".write(toFile: folder + "/b/ca.key", atomically: false, encoding: .utf8)
            expectError(.malformed, "P-256 private key") {
                _ = try CertificateAuthority.loadOrCreate(folder: folder + "/b", cluster: "TEST", now: Date())
            }
        }
    }

    @Test func `a key that others can read is refused with the cure`() throws {
        try withFolder { folder in
            _ = try CertificateAuthority.loadOrCreate(folder: folder, cluster: "TEST", now: Date())
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: folder + "/ca.key")

            expectError(.exposedKey, "chmod 600 '\(folder)/ca.key'") {
                _ = try CertificateAuthority.loadOrCreate(folder: folder, cluster: "TEST", now: Date())
            }
        }
    }

    @Test func `a certificate says who, for what and until when`() throws {
        try withAuthority { authority, _ in
            let now = Date(timeIntervalSince1970: 1_800_000_000)
            let identity = try #require(PeerIdentity(cluster: "TEST", role: .coordinator, name: "M2-Ultra"))
            let pem = try authority.issue(
                signingRequest: SigningKey.make().signingRequest(), to: identity,
                hosts: ["localhost", "10.0.0.1", "::1"],
                now: now)
            let certificate = try Certificate(pemEncoded: pem)

            #expect(try PeerIdentity.read(from: certificate) == identity)
            #expect(certificate.notValidBefore == now.addingTimeInterval(-3600))
            #expect(certificate.notValidAfter == now.addingTimeInterval(30 * 86400))
            #expect(try certificate.extensions.subjectAlternativeNames?.count == 4)
            #expect(try certificate.extensions.basicConstraints == .notCertificateAuthority)
            #expect(try certificate.extensions.keyUsage == KeyUsage(digitalSignature: true))
            #expect(try certificate.extensions.extendedKeyUsage == ExtendedKeyUsage([.serverAuth, .clientAuth]))
        }
    }

    @Test func `only a coordinator's certificate can serve`() throws {
        try withAuthority { authority, _ in
            let identity = try #require(PeerIdentity(cluster: "TEST", role: .agent, name: "HP-OMEN"))
            let pem = try authority.issue(
                signingRequest: SigningKey.make().signingRequest(), to: identity, hosts: ["localhost"], now: Date())
            let certificate = try Certificate(pemEncoded: pem)

            #expect(try certificate.extensions.extendedKeyUsage == ExtendedKeyUsage([.clientAuth]))
            #expect(try certificate.extensions.subjectAlternativeNames?.count == 1)
        }
    }

    @Test func `hostile signing requests are refused`() throws {
        try withAuthority { authority, folder in
            let identity = try #require(PeerIdentity(cluster: "TEST", role: .agent, name: "HP-OMEN"))
            func issue(_ request: String) throws {
                _ = try authority.issue(signingRequest: request, to: identity, now: Date())
            }
            let good = try SigningKey.make().signingRequest()

            expectError(.malformed, "not one in PEM form") { try issue("") }
            expectError(.malformed, "not one in PEM form") { try issue(authority.trust.pem) }
            expectError(.malformed, "not one in PEM form") { try issue(String(good.prefix(200))) }
            expectError(.malformed, "at most 16384") { try issue(good + String(repeating: "\n", count: 20_000)) }
            let large = try request(Certificate.PrivateKey(P384.Signing.PrivateKey()))
            expectError(.refused, "must be P-256") { try issue(large) }
            expectError(.refused, "not signed by the key") { try issue(forged()) }
            let own = try SigningKey.load(folder + "/ca/ca.key").signingRequest()
            expectError(.refused, "its own key") { try issue(own) }
        }
    }

    @Test func `it signs for its own cluster, real hosts and a bounded life only`() throws {
        try withAuthority { authority, _ in
            let request = try SigningKey.make().signingRequest()
            let other = try #require(PeerIdentity(cluster: "OTHER", role: .agent, name: "a"))
            let coordinator = try #require(PeerIdentity(cluster: "TEST", role: .coordinator, name: "a"))

            expectError(.refused, "does not sign for cluster") {
                _ = try authority.issue(signingRequest: request, to: other, now: Date())
            }
            expectError(.malformed, "neither an IP address nor a DNS name") {
                _ = try authority.issue(signingRequest: request, to: coordinator, hosts: ["a b"], now: Date())
            }
            for seconds: Int64 in [0, -1, 3651 * 86_400, .max] {
                expectError(.refused, "lives 1 second to") {
                    _ = try authority.issue(
                        signingRequest: request, to: coordinator, now: Date(), lifetimeSeconds: seconds)
                }
            }
        }
    }

    @Test func `nothing outlives the authority`() throws {
        try withAuthority { authority, folder in
            let identity = try #require(PeerIdentity(cluster: "TEST", role: .agent, name: "a"))
            let pem = try authority.issue(
                signingRequest: SigningKey.make().signingRequest(), to: identity, now: Date(),
                lifetimeSeconds: 3650 * 86_400)

            let own = try String(contentsOfFile: folder + "/ca/ca.pem", encoding: .utf8)
            #expect(try Certificate(pemEncoded: pem).notValidAfter <= Certificate(pemEncoded: own).notValidAfter)
        }
    }

    @Test func `files are issued again only when they must be`() throws {
        try withAuthority { authority, folder in
            let now = Date()
            let identity = try #require(PeerIdentity(cluster: "TEST", role: .coordinator, name: "a"))
            let home = folder + "/coordinator"
            let files = try authority.ensureFiles(for: identity, hosts: ["localhost"], into: home, now: now)
            func certificate() throws -> String { try String(contentsOfFile: files.certificate, encoding: .utf8) }
            let first = try certificate()
            #expect(try mode(home) == 0o700)
            #expect(try mode(files.key) == 0o600)

            try authority.ensureFiles(
                for: identity, hosts: ["localhost"], into: home, now: now.addingTimeInterval(19 * 86400))
            #expect(try certificate() == first)

            try authority.ensureFiles(for: identity, hosts: ["localhost", "10.0.0.9"], into: home, now: now)
            let second = try certificate()
            #expect(second != first)

            try authority.ensureFiles(
                for: identity, hosts: ["localhost"], into: home, now: now.addingTimeInterval(21 * 86400))
            #expect(try certificate() != second)

            try FileManager.default.removeItem(atPath: files.key)
            try authority.ensureFiles(for: identity, hosts: ["localhost"], into: home, now: now)
            #expect(files.areFresh(for: identity, hosts: ["localhost"], authority: authority, now: now))
        }
    }
}

func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = NSTemporaryDirectory() + "identity-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let folder = NSTemporaryDirectory() + "identity-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}

func withAuthority<Result>(_ body: (CertificateAuthority, String) throws -> Result) throws -> Result {
    try withFolder { folder in
        try body(CertificateAuthority.loadOrCreate(folder: folder + "/ca", cluster: "TEST", now: Date()), folder)
    }
}

func expectError(
    _ code: IdentityError.Code, _ part: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
) {
    let error = #expect(throws: IdentityError.self, sourceLocation: sourceLocation) { try body() }
    #expect(error?.code == code, sourceLocation: sourceLocation)
    #expect(error?.message.contains(part) == true, "\(error?.message ?? "")", sourceLocation: sourceLocation)
}

private func mode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
}

private func request(_ key: Certificate.PrivateKey) throws -> String {
    try CertificateSigningRequest(
        version: .v1, subject: DistinguishedName {}, privateKey: key, attributes: CertificateSigningRequest.Attributes()
    ).serializeAsPEM().pemString
}

/// A request that names one key and is signed by another.
private func forged() throws -> String {
    let named = P256.Signing.PrivateKey()
    let signed = try CertificateSigningRequest(pemEncoded: request(Certificate.PrivateKey(P256.Signing.PrivateKey())))
    return try CertificateSigningRequest(
        version: .v1, subject: DistinguishedName {}, publicKey: Certificate.PublicKey(named.publicKey),
        attributes: CertificateSigningRequest.Attributes(), signatureAlgorithm: signed.signatureAlgorithm,
        signature: signed.signature
    ).serializeAsPEM().pemString
}
