import GridIdentity
import NIOCertificateReloading
import NIOSSL
import Synchronization

/// Who a client is and whom it believes, for the next connection: the files are read again when they have changed, so a
/// program that lives long needs no restart after its certificate was renewed or the authority rotated.
final class ClientIdentity: CertificateReloader, Sendable {
    private struct State {
        var credentials: Credentials
        var verifier: PeerVerifier
        var shown: NIOSSLContextConfigurationOverride
        var stamp: [FileStamp?]
    }

    private let files: CertificateFiles
    private let makeVerifier: @Sendable (TrustSet) -> PeerVerifier
    private let state: Mutex<State>

    init(
        _ files: CertificateFiles, verifiedBy makeVerifier: @escaping @Sendable (TrustSet) -> PeerVerifier
    ) throws(IdentityError) {
        self.files = files
        self.makeVerifier = makeVerifier
        state = Mutex(try Self.load(files, makeVerifier))
    }

    var credentials: Credentials { state.withLock { $0.credentials } }

    /// Whom to believe now.
    var verifier: PeerVerifier {
        refresh()
        return state.withLock { $0.verifier }
    }

    var sslContextConfigurationOverride: NIOSSLContextConfigurationOverride {
        refresh()
        return state.withLock { $0.shown }
    }

    /// Files that cannot be used, perhaps because they are just being replaced, change nothing: what was good once is
    /// shown until then, and the other side decides.
    private func refresh() {
        let stamp = Self.stamp(of: files)
        guard state.withLock({ $0.stamp != stamp }), let loaded = try? Self.load(files, makeVerifier) else { return }
        state.withLock { $0 = loaded }
    }

    private static func load(
        _ files: CertificateFiles, _ makeVerifier: (TrustSet) -> PeerVerifier
    ) throws(IdentityError) -> State {
        // Looked at before it is read: what changes in between is read again.
        let stamp = stamp(of: files)
        let credentials = try Credentials(files)
        return State(
            credentials: credentials, verifier: makeVerifier(credentials.trust), shown: try credentials.shown(),
            stamp: stamp)
    }

    private static func stamp(of files: CertificateFiles) -> [FileStamp?] {
        [files.authority, files.certificate, files.key].map(FileStamp.init)
    }
}
