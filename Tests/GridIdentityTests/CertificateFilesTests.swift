import Foundation
import GridIdentity
import Testing

/// What the grid gives is put in place only when it belongs together, and nothing half is ever used.
@Suite struct CertificateFilesTests {
    private func withHolder(_ body: (CertificateAuthority, CertificateFiles, String) throws -> Void) throws {
        try withAuthority { authority, folder in
            let identity = try #require(PeerIdentity(cluster: "TEST", role: .agent, name: "a"))
            try body(authority, try authority.issueFiles(for: identity, into: folder + "/a", now: Date()), folder)
        }
    }

    @Test func `a certificate for another key, or of another authority, is not put in place`() throws {
        try withHolder { authority, files, folder in
            let before = try String(contentsOfFile: files.certificate, encoding: .utf8)
            let identity = try #require(PeerIdentity(cluster: "TEST", role: .agent, name: "a"))
            let swapped = try authority.issue(
                signingRequest: SigningKey.make().signingRequest(), to: identity, now: Date())
            let other = try CertificateAuthority.loadOrCreate(folder: folder + "/other", cluster: "TEST", now: Date())
            let foreign = try other.issue(
                signingRequest: SigningKey.load(files.key).signingRequest(), to: identity, now: Date())

            expectError(.untrusted, "for another key") {
                try files.write(certificatePEM: swapped, authorityPEM: authority.trust.pem)
            }
            expectError(.untrusted, "not signed by its authority") {
                try files.write(certificatePEM: foreign, authorityPEM: authority.trust.pem)
            }
            #expect(try String(contentsOfFile: files.certificate, encoding: .utf8) == before)
        }
    }

    @Test func `truncated files say which file cannot be read, and what is wrong`() throws {
        try withHolder { authority, files, _ in
            for (path, part) in [
                (files.certificate, "does not hold a certificate"), (files.authority, "certificates in PEM form"),
                (files.key, "P-256 private key"),
            ] {
                let whole = try String(contentsOfFile: path, encoding: .utf8)
                for length in [0, 10, whole.count / 3, whole.count - 30] {
                    try PrivateFile.write(String(whole.prefix(length)), to: path)
                    let error = #expect(throws: IdentityError.self) {
                        _ = try files.facts()
                        _ = try TrustSet(file: files.authority)
                        _ = try SigningKey.load(files.key)
                    }
                    #expect(error?.message.contains(path) == true, "\(error?.message ?? "")")
                    #expect(
                        error?.message.contains(part) == true || error?.message.contains("must hold") == true,
                        "\(error?.message ?? "")")
                }
                try PrivateFile.write(whole, to: path)
            }
            #expect(try TrustSet(file: files.authority) == authority.trust)
        }
    }

    @Test func `a trust set is bounded and holds the pins of its keys`() throws {
        try withAuthority { authority, _ in
            let trust = authority.trust

            #expect(trust.pins.count == 2)
            #expect(trust.pins.first == authority.keyHash)
            let read = try TrustSet(pem: trust.pem)
            #expect(read == trust)
            expectError(.malformed, "1 to 8") {
                _ = try TrustSet(pem: String(repeating: trust.pem, count: 5))
            }
            expectError(.malformed, "at most") { _ = try TrustSet(pem: String(repeating: "\n", count: 40_000)) }
        }
    }
}
