/// What a submitter signs, so that a node can tell its work from a forged one without trusting anybody in between: which
/// task, for whom, once, and until when.
///
/// On the wire and in the store an envelope is sealed: these bytes, then the 64 bytes of the signature over them.
/// `docs/signing.md` says it byte by byte.
package struct TaskEnvelope: Sendable, Hashable {
    package var algorithm: SignatureAlgorithm
    /// SHA-256 of the algorithm's byte and the signer's public key.
    package var signer: [UInt8]
    package var cluster: String
    /// The one node it is for; nil for any node of the cluster.
    package var node: NodeName?
    /// 16 random bytes: no two envelopes of a signer have the same.
    package var nonce: [UInt8]
    package var issuedAt: Timestamp
    package var expiresAt: Timestamp
    /// The idempotency key it is submitted under; empty when there is none.
    package var key: String
    /// SHA-256 of the specification's canonical bytes.
    package var specDigest: [UInt8]

    package init(
        algorithm: SignatureAlgorithm, signer: [UInt8], cluster: String, node: NodeName?, nonce: [UInt8],
        issuedAt: Timestamp, expiresAt: Timestamp, key: String, specDigest: [UInt8]
    ) {
        self.algorithm = algorithm
        self.signer = signer
        self.cluster = cluster
        self.node = node
        self.nonce = nonce
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.key = key
        self.specDigest = specDigest
    }

    package static let nonceBytes = 16
    package static let digestBytes = 32
    package static let signatureBytes = 64
    /// Sealed: far above what the longest names and key need.
    package static let sealedLimit = 1_024
    /// Its end may be at most so far from its issue; a node refuses more, so that what it must remember is bounded.
    package static let longestLifetimeMilliseconds: Int64 = 7 * 86_400_000
}

/// By which an envelope is signed; its number stands in the envelope and is never given to another.
package enum SignatureAlgorithm: UInt8, Sendable, Hashable, CaseIterable {
    case ed25519 = 1
    /// ECDSA over SHA-256; the signature is r and s, 32 bytes each.
    case p256 = 2
}

extension TaskEnvelope {
    /// What is signed.
    package var statement: [UInt8] {
        var writer = CanonicalWriter()
        writer.append(raw: Self.heading)
        writer.append(algorithm.rawValue)
        writer.append(raw: signer)
        writer.append(cluster)
        writer.append(node?.text ?? "")
        writer.append(raw: nonce)
        writer.append(issuedAt.microseconds)
        writer.append(expiresAt.microseconds)
        writer.append(key)
        writer.append(raw: specDigest)
        return writer.bytes
    }

    /// The envelope in sealed bytes, with what was signed and the signature, which is still to be verified. Nil for
    /// anything but the one spelling.
    package static func open(_ sealed: [UInt8]) -> (envelope: TaskEnvelope, statement: [UInt8], signature: [UInt8])? {
        guard sealed.count <= sealedLimit else { return nil }
        var reader = CanonicalReader(sealed)
        guard reader.take(heading), let algorithm = reader.number(UInt8.self).flatMap(SignatureAlgorithm.init),
            let signer = reader.take(digestBytes), let cluster = reader.text(limit: 63), NodeName(cluster) != nil,
            let nodeText = reader.text(limit: 63), let nonce = reader.take(nonceBytes),
            let issuedAt = reader.number(Int64.self), let expiresAt = reader.number(Int64.self),
            let key = reader.text(limit: TaskLimits.keyBytes.upperBound), let digest = reader.take(digestBytes)
        else { return nil }
        let node = NodeName(nodeText)
        guard node != nil || nodeText.isEmpty, reader.rest.count == signatureBytes else { return nil }
        let envelope = TaskEnvelope(
            algorithm: algorithm, signer: Array(signer), cluster: cluster, node: node, nonce: Array(nonce),
            issuedAt: Timestamp(microseconds: issuedAt), expiresAt: Timestamp(microseconds: expiresAt), key: key,
            specDigest: Array(digest))
        return (envelope, Array(sealed[..<reader.place]), Array(reader.rest))
    }

    private static let heading = Array("noizylab task envelope v1\n".utf8)
}
