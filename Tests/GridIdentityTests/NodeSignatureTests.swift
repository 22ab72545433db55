import Foundation
import GridIdentity
import Testing

struct NodeSignatureTests {
    private static let message = Array("the end of a task".utf8)

    private func withNode(
        role: PeerRole = .agent, days: Int64 = 30,
        _ body: (CertificateAuthority, NodeSigner, Date) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/noizylab-node-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let now = Date()
        let authority = try CertificateAuthority.loadOrCreate(folder: "\(folder)/ca", cluster: "LAB", now: now)
        let identity = try #require(PeerIdentity(cluster: "LAB", role: role, name: "HP-OMEN"))
        let files = try authority.issueFiles(
            for: identity, into: "\(folder)/node", now: now, lifetimeSeconds: days * 86_400)
        try await body(authority, try NodeSigner(files), now)
    }

    @Test func `what a node signs can be verified by the authority alone`() async throws {
        try await withNode { authority, node, now in
            let signature = try node.signature(for: Self.message)
            let verifier = try NodeSignatureVerifier(authorities: authority.trust.pem)
            let signer = try await verifier.verify(
                signature, for: Self.message, certificate: node.certificate, at: now)
            #expect(signer.name == "HP-OMEN")
            #expect(try CertificateAuthority.cluster(ofPEM: authority.trust.pem) == "LAB")

            await #expect(throws: IdentityError.self) {
                try await verifier.verify(signature, for: Self.message + [1], certificate: node.certificate, at: now)
            }
            await #expect(throws: IdentityError.self) {
                try await verifier.verify(signature, for: Self.message, certificate: [1, 2, 3], at: now)
            }
        }
    }

    @Test func `a certificate counts for when it was signed, not for now`() async throws {
        try await withNode(days: 1) { authority, node, now in
            let signature = try node.signature(for: Self.message)
            let verifier = try NodeSignatureVerifier(authorities: authority.trust.pem)
            for (days, isGood) in [(0.5, true), (2, false), (-2, false)] {
                let moment = now.addingTimeInterval(days * 86_400)
                let signer = try? await verifier.verify(
                    signature, for: Self.message, certificate: node.certificate, at: moment)
                #expect((signer != nil) == isGood, "\(days) days")
            }
        }
    }

    @Test func `nobody but a node signs results`() async throws {
        try await withNode(role: .operator) { authority, node, now in
            let signature = try node.signature(for: Self.message)
            await #expect(throws: IdentityError.self) {
                try await NodeSignatureVerifier(authorities: authority.trust.pem).verify(
                    signature, for: Self.message, certificate: node.certificate, at: now)
            }
        }
    }

    @Test func `another grid's node is nobody here`() async throws {
        try await withNode { _, node, now in
            try await withNode { stranger, _, _ in
                let signature = try node.signature(for: Self.message)
                await #expect(throws: IdentityError.self) {
                    try await NodeSignatureVerifier(authorities: stranger.trust.pem).verify(
                        signature, for: Self.message, certificate: node.certificate, at: now)
                }
            }
        }
    }
}
