/// Whom a listener lets in.
package enum ServerTrust: Sendable, Equatable {
    /// Holders of a certificate of this cluster, in any role: what each may do is the gateway's decision.
    case mutual(cluster: String)
    /// Anybody who trusts the server: enrolment now, API keys later. Nobody is who they say without a further proof.
    case serverOnly
}
