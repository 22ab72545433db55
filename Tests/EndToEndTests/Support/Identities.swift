import Foundation
import TestSupport

extension GridFixture {
    /// Issues certificates as an operator does for other programs, and makes a stranger's: signed by an authority of
    /// its own, but claiming to be an operator of this grid. Gives the folder that holds one folder for each.
    func issueIdentities() async throws -> String {
        let folder = "\(scratch)/identities"
        if FileManager.default.fileExists(atPath: "\(folder)/stranger/cert.pem") { return folder }
        for role in ["operator", "submitter", "viewer"] {
            let result = try await noizylab(
                "cert", "issue", "test-\(role)", "--role", role, "--out", "\(folder)/\(role)")
            guard result.exitCode == 0 else { throw TestFailure("no certificate\n\(result)") }
        }
        let made = try await shell(
            """
            set -e; mkdir -p \(folder)/stranger; cd \(folder)/stranger
            openssl ecparam -name prime256v1 -genkey -noout -out ca.key
            openssl req -x509 -new -key ca.key -days 2 -subj /CN=NOIZYLAB -out ca.pem
            openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out key.pem
            openssl req -new -key key.pem -subj /CN=operator -out request.pem
            printf 'subjectAltName=URI:spiffe://NOIZYLAB/operator/root\\nextendedKeyUsage=clientAuth,serverAuth\\n' > ext
            openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out cert.pem
            """)
        guard made.exitCode == 0 else { throw TestFailure("openssl made no stranger\n\(made)") }
        return folder
    }
}
