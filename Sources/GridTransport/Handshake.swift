import GridIdentity
import NIOCore
import NIOSSL

/// Carries a peer's certificates from the TLS library to the verifier, and the verdict back.
///
/// With a verification callback the TLS library checks nothing about the chain by itself (NIOSSL's `SSL_set_custom_verify`
/// replaces BoringSSL's verification), so the verifier checks all of it.
func verifyPeer(
    _ chain: [NIOSSLCertificate], by verifier: PeerVerifier, admission: @escaping PeerAdmission = { _ in },
    promise: EventLoopPromise<NIOSSLVerificationResultWithMetadata>,
    report: @escaping @Sendable (Result<PeerCredential, IdentityError>) -> Void
) {
    promise.completeWithTask {
        do throws(IdentityError) {
            let credential = try await verifier.verify(chain: bytes(of: chain))
            try admission(credential)
            report(.success(credential))
            return .certificateVerified(VerificationMetadata(nil))
        } catch {
            report(.failure(error))
            return .failed
        }
    }
}

private func bytes(of chain: [NIOSSLCertificate]) throws(IdentityError) -> [[UInt8]] {
    do {
        return try chain.map { try $0.toDERBytes() }
    } catch {
        throw IdentityError(.malformed, "The peer's certificates cannot be read.", cause: error)
    }
}
