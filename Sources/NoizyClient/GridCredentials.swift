package import GridIdentity

/// The certificate files by which a program shows who it is, as `noizylab cert issue` writes them.
public struct GridCredentials: Sendable, Hashable {
    /// PEM: whom to trust.
    public let authority: String
    /// PEM: who we are.
    public let certificate: String
    /// PEM, readable by its owner alone.
    public let key: String

    /// `ca.pem`, `cert.pem` and `key.pem` in the folder.
    public init(folder: String) {
        self.init(authority: "\(folder)/ca.pem", certificate: "\(folder)/cert.pem", key: "\(folder)/key.pem")
    }

    public init(authority: String, certificate: String, key: String) {
        self.authority = authority
        self.certificate = certificate
        self.key = key
    }

    package init(_ files: CertificateFiles) {
        self.init(authority: files.authority, certificate: files.certificate, key: files.key)
    }

    var files: CertificateFiles { CertificateFiles(authority: authority, certificate: certificate, key: key) }
}
