/// How long certificates live and authorities overlap, in seconds. Nodes renew by themselves; people and programs do not,
/// so theirs live longer.
///
/// The keys of `[certificates]` in the configuration: `node_lifetime`, `client_lifetime`, `overlap`, `least_overlap`,
/// `recovery`.
package struct CertificateLifetimes: Sendable, Hashable {
    package static let authoritySeconds: Int64 = 3650 * 86_400

    package var node: Int64 = 30 * 86_400
    package var client: Int64 = 365 * 86_400
    /// After a rotation the authority before is believed no longer than this.
    package var overlap: Int64 = 30 * 86_400
    /// And no shorter than this, even when nothing is signed by it any more.
    package var leastOverlap: Int64 = 3_600
    /// A node may come back by its old key for so long after its certificate's end.
    package var recovery: Int64 = 90 * 86_400

    package init() {}

    package func seconds(for role: PeerRole) -> Int64 {
        switch role {
        case .coordinator, .agent: node
        case .operator, .submitter, .viewer: client
        }
    }
}
