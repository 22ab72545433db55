package import GridIdentity

/// What a door saw of a caller, before anybody judged it. Every door fills it from its own protocol.
package struct Evidence: Sendable {
    /// Verified in the TLS handshake; nil on a listener that asks for none.
    package var certificate: PeerCredential?
    /// The `authorization` header as it came; read only where there is no certificate.
    package var authorization: String?
    package var remote: String

    package init(certificate: PeerCredential?, authorization: String?, remote: String) {
        self.certificate = certificate
        self.authorization = authorization
        self.remote = remote
    }
}
