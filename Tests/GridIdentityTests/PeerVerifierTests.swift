import Crypto
import Foundation
import GridIdentity
import SwiftASN1
import Testing
import X509

@Suite struct PeerVerifierTests {
    @Test func `a holder of the authority's certificate is who the URI says`() async throws {
        let pki = try TestAuthority()
        let chain = [try pki.certificate(uris: ["spiffe://TEST/agent/a"])]

        #expect(try await verifier(pki).verify(chain: chain).identity.uri == "spiffe://TEST/agent/a")
    }

    @Test func `what a certificate proves names its key as pins do`() async throws {
        let folder = NSTemporaryDirectory() + "grid-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let authority = try CertificateAuthority.loadOrCreate(folder: folder, cluster: "TEST", now: Date())
        let agent = try #require(PeerIdentity(cluster: "TEST", role: .agent, name: "a"))
        let files = try authority.issueFiles(for: agent, into: folder + "/a", now: Date())
        let pem = try String(contentsOfFile: files.certificate, encoding: .utf8)
        let der = try PEMDocument(pemString: pem).derBytes
        let verifier = PeerVerifier(
            anchor: .authorities(authority.trust), side: .client, cluster: "TEST", roles: [.agent])

        let credential = try await verifier.verify(chain: [der])

        #expect(credential.identity == agent)
        #expect(credential.keyHash == (try SigningKey.load(files.key).publicKeyHash))
        #expect(!credential.serial.isEmpty)
        #expect(abs(Double(credential.notAfterSeconds) - Date().timeIntervalSince1970 - 30 * 86_400) < 60)
    }

    enum Fault: String, CaseIterable, Sendable {
        case twoNames, otherURI, otherCluster, otherRole, otherAuthority, itself, serverOnly, noUsage, expired
        case early, isAuthority, viaHolder, unknownCriticalExtension, garbage, tooMany, theAuthority
    }

    @Test(arguments: Fault.allCases) func `a wrong certificate proves nobody`(fault: Fault) async throws {
        let pki = try TestAuthority()
        let good = "spiffe://TEST/agent/a"
        let chain: [[UInt8]] =
            switch fault {
            case .twoNames: [try pki.certificate(uris: [good, "spiffe://TEST/operator/b"])]
            case .otherURI: [try pki.certificate(uris: ["https://TEST/agent/a"])]
            case .otherCluster: [try pki.certificate(uris: ["spiffe://OTHER/agent/a"])]
            case .otherRole: [try pki.certificate(uris: ["spiffe://TEST/viewer/a"])]
            case .otherAuthority: [try TestAuthority().certificate(uris: [good])]
            case .itself: [try pki.certificate(uris: [good], signer: .itself)]
            case .serverOnly: [try pki.certificate(uris: [good], usages: [.serverAuth])]
            case .noUsage: [try pki.certificate(uris: [good], usages: nil)]
            case .expired: [try pki.certificate(uris: [good], from: -20, to: -10)]
            case .early: [try pki.certificate(uris: [good], from: 10, to: 20)]
            case .isAuthority: [try pki.certificate(uris: [good], isAuthority: true)]
            case .viaHolder: try pki.chainThroughHolder(uri: good)
            case .unknownCriticalExtension: [try pki.certificate(uris: [good], strange: true)]
            case .garbage: [[1, 2, 3]]
            case .tooMany: Array(repeating: try pki.certificate(uris: [good]), count: 5)
            case .theAuthority: [pki.der]
            }

        await #expect(throws: IdentityError.self) { try await verifier(pki).verify(chain: chain) }
    }

    @Test func `nobody shows nothing`() async throws {
        let pki = try TestAuthority()

        await #expect(throws: IdentityError.self) { try await verifier(pki).verify(chain: []) }
    }

    @Test func `the authority is found by its key's hash among what the server shows`() async throws {
        let pki = try TestAuthority()
        let leaf = try pki.certificate(uris: ["spiffe://TEST/coordinator/a"], usages: [.serverAuth])
        func verify(_ hash: [UInt8], _ chain: [[UInt8]]) async throws -> PeerIdentity {
            try await PeerVerifier(anchor: .keyHash(hash), side: .server, cluster: nil, roles: [.coordinator])
                .verify(chain: chain).identity
        }

        #expect(try await verify(pki.keyHash, [leaf, pki.der]).role == .coordinator)
        await #expect(throws: IdentityError.self) { try await verify(pki.keyHash, [leaf]) }
        await #expect(throws: IdentityError.self) { try await verify(TestAuthority().keyHash, [leaf, pki.der]) }
        let imposter = try TestAuthority()
        let forged = try imposter.certificate(uris: ["spiffe://TEST/coordinator/a"], usages: [.serverAuth])
        await #expect(throws: IdentityError.self) { try await verify(pki.keyHash, [forged, pki.der]) }
        await #expect(throws: IdentityError.self) { try await verify(pki.keyHash, [forged, imposter.der, pki.der]) }
    }

    private func verifier(_ pki: TestAuthority) throws -> PeerVerifier {
        try PeerVerifier(
            anchor: .authorities(TrustSet(pem: pki.pem)), side: .client, cluster: "TEST", roles: [.agent, .operator])
    }
}

/// An authority that signs anything.
private struct TestAuthority {
    enum Signer { case authority, itself }

    let key = P256.Signing.PrivateKey()
    let certificate: Certificate
    let der: [UInt8]
    let pem: String
    var keyHash: [UInt8] { SHA256Digest.of(key.publicKey.derRepresentation) }

    init() throws {
        let name = try DistinguishedName { CommonName("authority") }
        certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: Certificate.PublicKey(key.publicKey),
            notValidBefore: Date(timeIntervalSinceNow: -86400), notValidAfter: Date(timeIntervalSinceNow: 100 * 86400),
            issuer: name, subject: name,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true))
            },
            issuerPrivateKey: Certificate.PrivateKey(key))
        pem = try certificate.serializeAsPEM().pemString
        der = try certificate.serializeAsPEM().derBytes
    }

    func certificate(
        uris: [String], usages: [ExtendedKeyUsage.Usage]? = [.clientAuth], from: Double = -1, to: Double = 1,
        signer: Signer = .authority, isAuthority: Bool = false, strange: Bool = false,
        holder: P256.Signing.PrivateKey = P256.Signing.PrivateKey(),
        issuer: (DistinguishedName, P256.Signing.PrivateKey)? = nil
    ) throws -> [UInt8] {
        var extensions = try Certificate.Extensions {
            Critical(
                isAuthority ? BasicConstraints.isCertificateAuthority(maxPathLength: nil) : .notCertificateAuthority)
            SubjectAlternativeNames(uris.map { .uniformResourceIdentifier($0) })
        }
        if let usages { try extensions.append(Certificate.Extension(ExtendedKeyUsage(usages), critical: false)) }
        if strange { try extensions.append(Certificate.Extension(oid: [1, 2, 3, 4], critical: true, value: [5, 0])) }
        let issuerKey = signer == .itself ? holder : issuer?.1 ?? key
        return try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: Certificate.PublicKey(holder.publicKey),
            notValidBefore: Date(timeIntervalSinceNow: from * 86400),
            notValidAfter: Date(timeIntervalSinceNow: to * 86400),
            issuer: issuer?.0 ?? certificate.subject, subject: try DistinguishedName { CommonName("holder") },
            extensions: extensions, issuerPrivateKey: Certificate.PrivateKey(issuerKey)
        ).serializeAsPEM().derBytes
    }

    /// An agent that makes itself an authority.
    func chainThroughHolder(uri: String) throws -> [[UInt8]] {
        let holder = P256.Signing.PrivateKey()
        let middle = try certificate(uris: ["spiffe://TEST/agent/evil"], isAuthority: true, holder: holder)
        let leaf = try certificate(uris: [uri], issuer: (DistinguishedName { CommonName("holder") }, holder))
        return [leaf, middle]
    }
}
