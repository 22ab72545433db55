import SwiftASN1
package import X509

extension PeerIdentity {
    /// The one identity that a certificate names. More than one URI name, or another kind of URI, is refused: it is not
    /// clear which of them is meant.
    package static func read(from certificate: Certificate) throws(IdentityError) -> PeerIdentity {
        let uris = try certificate.uriNames()
        guard let uri = uris.first, uris.count == 1 else {
            throw IdentityError(
                .untrusted, "The certificate holds \(uris.count) URI names; exactly one must say who its holder is.")
        }
        guard let identity = PeerIdentity(uri: uri) else {
            throw IdentityError(
                .untrusted,
                "The certificate's URI name '\(uri.forPeople)' is not of the form spiffe://<cluster>/<role>/<name>.")
        }
        return identity
    }

    package static func read(fromDER bytes: [UInt8]) throws(IdentityError) -> PeerIdentity {
        try read(from: Certificate.read(der: bytes))
    }
}

extension Certificate {
    static func read(der bytes: [UInt8]) throws(IdentityError) -> Certificate {
        do {
            return try Certificate(derEncoded: bytes)
        } catch {
            throw IdentityError(.malformed, "The peer's certificate cannot be read.", cause: error)
        }
    }

    static func read(pem text: String, from source: String) throws(IdentityError) -> Certificate {
        do {
            return try Certificate(pemEncoded: text)
        } catch {
            throw IdentityError(.malformed, "\(source) does not hold a certificate in PEM form.", cause: error)
        }
    }

    func names() throws(IdentityError) -> [GeneralName] {
        do {
            guard let names = try extensions.subjectAlternativeNames else { return [] }
            return Array(names)
        } catch {
            throw IdentityError(.malformed, "The certificate's names cannot be read.", cause: error)
        }
    }

    /// Names the key that signed it; empty when it does not say.
    func issuerID() throws(IdentityError) -> [UInt8] {
        do {
            return try extensions.authorityKeyIdentifier?.keyIdentifier.map { Array($0) } ?? []
        } catch {
            throw IdentityError(.malformed, "The certificate's extensions cannot be read.", cause: error)
        }
    }

    func uriNames() throws(IdentityError) -> [String] {
        try names().compactMap { name in
            if case .uniformResourceIdentifier(let uri) = name { uri } else { nil }
        }
    }
}

extension String {
    /// Text from a stranger, made fit for a message: short and without control characters.
    var forPeople: String {
        String(String.UnicodeScalarView(unicodeScalars.prefix(100).filter { $0.value >= 32 && $0.value != 127 }))
    }
}
