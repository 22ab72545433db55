package import GridIdentity
import GridModel

/// By what a program shows who it is: certificate files, as `noizylab cert issue` writes them, or an API key, as
/// `noizylab key create` prints it.
public struct GridCredentials: Sendable, Hashable {
    /// PEM: whom to trust; empty when the authority is known by its pin.
    public let authority: String
    /// PEM: who we are; empty with an API key.
    public let certificate: String
    /// PEM, readable by its owner alone; empty with an API key.
    public let key: String
    let apiKey: APIKey?
    /// SHA-256 of the authority's public key.
    let pin: [UInt8]?

    /// `ca.pem`, `cert.pem` and `key.pem` in the folder.
    public init(folder: String) {
        self.init(authority: "\(folder)/ca.pem", certificate: "\(folder)/cert.pem", key: "\(folder)/key.pem")
    }

    public init(authority: String, certificate: String, key: String) {
        self.authority = authority
        self.certificate = certificate
        self.key = key
        apiKey = nil
        pin = nil
    }

    private init(apiKey: APIKey, authority: String, pin: [UInt8]?) {
        self.authority = authority
        certificate = ""
        key = ""
        self.apiKey = apiKey
        self.pin = pin
    }

    /// An API key, for the coordinator's edge port. `authority`: the file of the grid's `ca.pem`, or its pin as
    /// `sha256:` and 64 hexadecimal digits. The key is shown to no other server.
    public static func apiKey(_ text: String, authority: String) throws -> GridCredentials {
        do {
            let key = try APIKey(parsing: text)
            guard authority.hasPrefix(pinPrefix) else {
                return GridCredentials(apiKey: key, authority: authority, pin: nil)
            }
            guard let pin = Hexadecimal.decode(authority.dropFirst(pinPrefix.count)), pin.count == 32 else {
                throw GridError(.untrusted, "a pin is 'sha256:' and 64 hexadecimal digits")
            }
            return GridCredentials(apiKey: key, authority: "", pin: pin)
        } catch let error as IdentityError {
            throw GridError(.denied, error.message, reason: "BAD_KEY")
        }
    }

    package init(_ files: CertificateFiles) {
        self.init(authority: files.authority, certificate: files.certificate, key: files.key)
    }

    package var isAPIKey: Bool { apiKey != nil }

    var files: CertificateFiles { CertificateFiles(authority: authority, certificate: certificate, key: key) }

    private static let pinPrefix = "sha256:"
}
