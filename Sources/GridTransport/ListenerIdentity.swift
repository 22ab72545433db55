import GridIdentity
import NIOSSL
import Synchronization

/// Who a listener is and whom it believes, for the next connection. Exchanged while it listens, when a certificate was
/// renewed or the authority rotated; connections that are open go on as they were made.
final class ListenerIdentity: Sendable {
    struct Current: Sendable {
        let tls: NIOSSLContext
        /// Nil on a listener without client certificates.
        let verifier: PeerVerifier?
    }

    private let trust: ServerTrust
    private let state: Mutex<Current>

    init(_ files: CertificateFiles, trust: ServerTrust) throws(IdentityError) {
        self.trust = trust
        state = Mutex(try Self.load(files, trust))
    }

    var current: Current { state.withLock { $0 } }

    /// Keeps what it had when the files cannot be used.
    func reload(_ files: CertificateFiles) throws(IdentityError) {
        let loaded = try Self.load(files, trust)
        state.withLock { $0 = loaded }
    }

    private static func load(_ files: CertificateFiles, _ trust: ServerTrust) throws(IdentityError) -> Current {
        let credentials = try Credentials(files)
        let verifier: PeerVerifier? =
            switch trust {
            case .mutual(let cluster):
                PeerVerifier(
                    anchor: .authorities(credentials.trust), side: .client, cluster: cluster,
                    roles: Set(PeerRole.allCases))
            case .serverOnly: nil
            }
        return Current(
            tls: try credentials.serverContext(asksForCertificates: verifier != nil), verifier: verifier)
    }
}
