import GridModel
import X509

/// What can be told of an authority from its file alone.
extension CertificateAuthority {
    /// The cluster that an authority's certificate names; the first certificate counts.
    package static func cluster(ofPEM pem: String) throws(IdentityError) -> String {
        let uri = try TrustSet(pem: pem, from: "The authority's file").certificates[0].uriNames().first ?? ""
        let name = String(uri.dropFirst(PeerIdentity.scheme.count))
        guard uri.hasPrefix(PeerIdentity.scheme), NodeName(name) != nil else {
            throw IdentityError(.malformed, "The authority's certificate names no cluster of the grid's.")
        }
        return name
    }

    /// How an authority is pinned: `sha256:` and the hash of its public key; of the first certificate, which signs now.
    package static func pin(ofPEM pem: String) throws(IdentityError) -> String {
        "sha256:" + Hexadecimal.encode(try TrustSet(pem: pem, from: "The authority's file").pins[0])
    }
}
