import Crypto
import Foundation
import GridIdentity
import SwiftASN1
import X509

extension StrangersInputTests {
    static func decoded(_ pem: String) -> [UInt8]? {
        let body = pem.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("-----") }.joined()
        return Data(base64Encoded: body).map { [UInt8]($0) }
    }

    static func armoured(_ der: [UInt8]) -> String {
        "-----BEGIN CERTIFICATE REQUEST-----\n"
            + Data(der).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
            + "\n-----END CERTIFICATE REQUEST-----\n"
    }

    /// SHA-256 of the key a certificate is for.
    static func certifiedKeyHash(_ pem: String) -> [UInt8]? {
        (try? Certificate(pemEncoded: pem)).flatMap { P256.Signing.PublicKey($0.publicKey) }
            .map { SHA256Digest.of($0.derRepresentation) }
    }

    func withSigningAuthority(_ body: (CertificateAuthority, Date) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/noizylab-fuzz-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let now = Date()
        try body(try CertificateAuthority.loadOrCreate(folder: folder, cluster: "FUZZ", now: now), now)
    }
}
