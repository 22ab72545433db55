import Foundation
package import GridIdentity
package import GridModel

/// The certificates of those who live beside the authority: the coordinator's own, the local operator's, and the local
/// agents'. Made or renewed by the launcher, with or without a running coordinator; files that are fresh are left alone.
package struct LocalIdentities: Sendable {
    package let authority: CertificateAuthority
    private let folder: String
    private let lifetimes: CertificateLifetimes

    /// Loads the grid's authority from NOIZYLAB_HOME (`folder`), or makes it.
    package init(
        folder: String, cluster: String, lifetimes: CertificateLifetimes = CertificateLifetimes()
    ) throws(IdentityError) {
        try self.init(
            authority: CertificateAuthority.loadOrCreate(
                folder: "\(folder)/pki/ca", cluster: cluster, now: Date()),
            folder: folder, lifetimes: lifetimes)
    }

    init(authority: CertificateAuthority, folder: String, lifetimes: CertificateLifetimes) {
        self.authority = authority
        self.folder = folder
        self.lifetimes = lifetimes
    }

    /// `hosts`: every name and address by which clients reach it.
    package func coordinator(_ node: NodeName, hosts: [String]) throws(IdentityError) -> CertificateFiles {
        try ensure(.coordinator, node.text, hosts: hosts, "\(folder)/pki/coordinator")
    }

    /// For the command line on this machine. `user` is the system's name of who runs it.
    package func localOperator(user: String) throws(IdentityError) -> CertificateFiles {
        try ensure(.operator, Self.wellFormed(user), "\(folder)/pki/operator")
    }

    /// The local operator's as it is, when there is one: made anew when that is due.
    func refreshOperator() throws(IdentityError) {
        let files = CertificateFiles(folder: "\(folder)/pki/operator")
        guard PrivateFile.exists(files.certificate) else { return }
        _ = try localOperator(user: files.facts().identity.name)
    }

    package func agent(_ node: NodeName) throws(IdentityError) -> CertificateFiles {
        try ensure(.agent, node.text, "\(folder)/nodes/\(node)/pki")
    }

    private func ensure(
        _ role: PeerRole, _ name: String, hosts: [String] = [], _ folder: String
    ) throws(IdentityError) -> CertificateFiles {
        guard let identity = PeerIdentity(cluster: authority.cluster, role: role, name: name) else {
            throw IdentityError(
                .malformed, "'\(name)' cannot stand in a certificate: use letters, digits, '.', '_', '-'.")
        }
        return try authority.ensureFiles(
            for: identity, hosts: hosts, into: folder, now: Date(), lifetimeSeconds: lifetimes.seconds(for: role))
    }

    /// Users' names may hold more than certificates'.
    static func wellFormed(_ user: String) -> String {
        let text = String(user.map { $0.isASCII && ($0.isLetter || $0.isNumber || ".-_".contains($0)) ? $0 : "_" })
        return NodeName(text) == nil ? "operator" : text
    }
}
