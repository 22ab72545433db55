import Coordinator
import Foundation
import GridIdentity
import NoizyClient

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// How the command line finds the grid and shows who it is.
struct GridLocator: Sendable {
    let home: HomeFolder
    /// `--config`: for a machine without a grid of its own, the file that names the coordinator.
    var config: String?
    /// `--grid` or `$NOIZYLAB_GRID`; nil: the grid that runs from the home.
    var grid: String?
    /// `--cert` or `$NOIZYLAB_CERT`: a folder as `noizylab cert issue` makes it.
    var credentialsFolder: String?
    /// `$NOIZYLAB_API_KEY`: an API key instead of a certificate, for the edge listener.
    var apiKey: Secret?
    /// `$NOIZYLAB_CA`: with an API key, the file of the grid's ca.pem, or its pin.
    var authority: String?

    func endpoint() throws -> GridEndpoint {
        if let grid {
            guard let endpoint = GridEndpoint(grid) else {
                throw CommandFailure(.usage, "--grid '\(grid)' is not HOST:PORT", try: "--grid 192.168.1.20:50051")
            }
            return endpoint
        }
        if let plan = JSONFile.read(GridPlan.self, from: home.gridRecord) {
            return apiKey != nil && plan.hasCoordinator ? plan.edge : plan.coordinator
        }
        if apiKey != nil {
            throw CommandFailure(
                .usage, "an API key needs to know where its grid is",
                try: "NOIZYLAB_GRID=HOST:PORT of the coordinator's edge listener")
        }
        let source = ConfigSource(home: home, flag: config)
        if source.path.isThere || config != nil {
            let listen = try source.read().listen
            if GridPlan.loopback(for: listen.host) == listen.host { return listen }
        }
        throw CommandFailure(
            .unreachable, "no grid runs from \(home.path)",
            try: "noizylab start, or noizylab start --lab for three nodes on this machine")
    }

    /// The local operator's certificate, made when the authority is here and it is missing or old.
    func credentials() throws -> GridCredentials {
        if let apiKey { return try .apiKey(apiKey.reveal(), authority: try ownAuthority()) }
        if let folder = credentialsFolder {
            guard PrivateFile.exists("\(folder)/cert.pem") else {
                throw CommandFailure(
                    .denied, "there is no cert.pem in \(folder)", try: "noizylab cert issue NAME --out \(folder)")
            }
            return GridCredentials(folder: folder)
        }
        if let plan = JSONFile.read(GridPlan.self, from: home.gridRecord), plan.hasCoordinator, isMissingOrOld {
            let files = try LocalIdentities(folder: home.path, cluster: plan.cluster, lifetimes: plan.lifetimes)
                .localOperator(user: NSUserName())
            return GridCredentials(files)
        }
        guard PrivateFile.exists("\(home.operatorFolder)/cert.pem") else {
            throw CommandFailure(
                .denied, "this machine has no certificate of the grid's",
                try: "on the coordinator: noizylab cert issue NAME --out DIR; then here: --cert DIR")
        }
        return GridCredentials(folder: home.operatorFolder)
    }

    private func ownAuthority() throws -> String {
        if let authority { return authority }
        if let folder = credentialsFolder { return "\(folder)/ca.pem" }
        // Whom the coordinator believes now: the folder of the authority has a file for each generation.
        let own = "\(home.path)/pki/coordinator/ca.pem"
        guard PrivateFile.exists(own) else {
            throw CommandFailure(
                .usage, "an API key needs the grid's authority, so that it is shown to nobody else",
                try: "NOIZYLAB_CA=ca.pem, or sha256:… as `noizylab key create` printed it")
        }
        return own
    }

    /// PEM: the grid's authority, to verify what its nodes signed; one that was named counts, because what was signed
    /// may be older than those that are believed now.
    func authorityPEM() throws -> String {
        if let authority, !authority.hasPrefix("sha256:") { return try PrivateFile.read(authority) }
        let credentials = try credentials()
        guard !credentials.authority.isEmpty else {
            throw CommandFailure(
                .usage, "the authority's pin is not enough to verify what a node signed", try: "NOIZYLAB_CA=ca.pem")
        }
        return try PrivateFile.read(credentials.authority)
    }

    /// Reading and checking it each time would cost more than most commands do.
    private var isMissingOrOld: Bool {
        guard let facts = FileFacts("\(home.operatorFolder)/cert.pem") else { return true }
        return -facts.modified.timeIntervalSinceNow > 180 * 86_400
    }

    func withGrid<Result: Sendable>(
        patience: Duration = .zero, _ body: (GridClient) async throws -> Result
    ) async throws -> Result {
        var options = GridClientOptions()
        options.patience = patience
        return try await GridClient.withConnection(
            to: endpoint(), credentials: credentials(), options: options, body)
    }
}
