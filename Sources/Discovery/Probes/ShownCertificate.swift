/// What a TLS listener's certificate says of its holder.
package struct ShownCertificate: Sendable, Hashable {
    package var subject: String
    package var names: [String]
    /// `spiffe://…` of a grid's coordinator: its cluster and name.
    package var grid: (cluster: String, name: String)? {
        gridCluster.isEmpty ? nil : (gridCluster, gridName)
    }
    package var gridCluster = ""
    package var gridName = ""
    /// Of its public key, SHA-256, in hexadecimal digits.
    package var fingerprint: String

    package init(subject: String, names: [String], fingerprint: String) {
        self.subject = subject
        self.names = names
        self.fingerprint = fingerprint
    }
}
