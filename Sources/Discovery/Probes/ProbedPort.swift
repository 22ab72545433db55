/// What a port said when it was knocked at.
package struct ProbedPort: Sendable, Hashable {
    package enum State: Sendable, Hashable {
        case open
        /// The machine is there, and nothing listens.
        case refused
        /// Nothing came back in time.
        case silent
        /// The system knows no way there; its error number.
        case unreachable(Int32)
    }

    package enum Kind: Int, Sendable, Hashable, CaseIterable {
        case ssh = 22
        case wsman = 5_985
        case wsmanTLS = 5_986
        case grid = 50_051
    }

    package var kind: Kind
    package var port: Int
    package var state: State
    /// Milliseconds until the connection was there.
    package var milliseconds: Double?
    /// Of SSH: its first line. Of WS-Management: product and version. Bytes of a stranger.
    package var words = ""
    /// DER; of a TLS listener.
    package var certificate: [UInt8] = []

    package init(kind: Kind, port: Int, state: State) {
        self.kind = kind
        self.port = port
        self.state = state
    }
}
