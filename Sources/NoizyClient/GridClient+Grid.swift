import GridIdentity
import GridWire

/// The grid itself: its nodes, its events, its identities.
extension GridClient {
    public func status() async throws -> GridStatus {
        GridStatus(try await statusInfo())
    }

    public func nodes() async throws -> [NodeStatus] {
        try await nodeInfos().map(NodeStatus.init)
    }

    /// `open`, `cordoned` (nothing new) or `draining` (nothing new, and reported when the last task has ended).
    @discardableResult
    public func setSchedulability(of node: String, to schedulability: String) async throws -> NodeStatus {
        NodeStatus(try await schedulabilityChanged(of: node, to: schedulability))
    }

    /// As draining; what still runs there after the deadline is moved elsewhere.
    @discardableResult
    public func drain(_ node: String, deadline: Duration) async throws -> NodeStatus {
        NodeStatus(try await drained(node: node, deadlineMilliseconds: deadline.milliseconds))
    }

    /// Ends a quarantine, and lets every type of task be tried there again.
    @discardableResult
    public func release(_ node: String) async throws -> NodeStatus {
        NodeStatus(try await released(node: node))
    }

    @discardableResult
    public func removeNode(_ node: String) async throws -> NodeStatus {
        NodeStatus(try await removed(node: node))
    }

    /// Events as they happen, beginning with number `from`, or after the newest `last` when it is 0.
    public func events(from first: UInt64 = 0, last: Int = 0) -> GridSequence<GridNotice> {
        GridSequence(follower) { give in
            try await self.followEvents(from: first, last: last, follow: true) { events in
                for event in events { try await give(GridNotice(event)) }
            }
        }
    }

    /// A token by which one machine may join, within the time. Empty `node`: under any new name.
    public func createToken(forNode node: String = "", lifetime: Duration = .seconds(3_600)) async throws -> String {
        try await token(forNode: node, seconds: (lifetime.milliseconds + 999) / 1_000).token
    }

    /// Makes a key in the folder (unless one is there), has it certified, and puts `cert.pem` and `ca.pem` beside it.
    @discardableResult
    public func issueCertificate(
        name: String, role: String, into folder: String
    ) async throws -> GridCredentials {
        let files = CertificateFiles(folder: folder)
        do {
            try PrivateFile.makeFolder(folder)
            let request = try SigningKey.loadOrCreate(files.key).signingRequest()
            let issued = try await certificate(name: name, role: role, signingRequest: request)
            try files.write(certificatePEM: issued.certificate, authorityPEM: issued.authority)
        } catch let error as IdentityError {
            throw GridError(.failed, error.message)
        }
        return GridCredentials(files)
    }
}
