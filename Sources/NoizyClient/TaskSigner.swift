package import GridIdentity
import GridModel
import GridWire
import SwiftProtobuf

import struct Foundation.Date

/// Signs tasks with somebody's own key, so that nodes which trust it run them, and no stolen coordinator can make up
/// others.
///
/// ```swift
/// let signer = try TaskSigner(keyFile: "anna.key", cluster: "NOIZYLAB")
/// try await grid.submit(try signer.sign(.command("make", "all")))
/// ```
public struct TaskSigner: Sendable {
    private let key: SignerKey
    public let cluster: String

    /// - Parameters:
    ///   - keyFile: as `noizylab signer create` makes it.
    ///   - cluster: the grid that the tasks are for; nodes of another refuse them.
    public init(keyFile: String, cluster: String) throws {
        do {
            self.init(try SignerKey.load(keyFile), cluster: cluster)
        } catch {
            throw GridError(.failed, error.message)
        }
    }

    package init(_ key: SignerKey, cluster: String) {
        self.key = key
        self.cluster = cluster
    }

    /// The request with its envelope: for its one node if it names one, else for any node of the grid; good once, and
    /// no longer than `lifetime` (7 days at most), retries and waiting in the queue included.
    ///
    /// A request without a key gets one, so that it can be submitted again without running twice.
    public func sign(_ request: TaskRequest, lifetime: Duration = .seconds(86_400)) throws -> TaskRequest {
        guard (1...TaskEnvelope.longestLifetimeMilliseconds).contains(lifetime.milliseconds) else {
            throw GridError(.invalidArgument, "a signature is good for 1 ms to 7 days")
        }
        var request = request
        request.envelope = []
        let envelope: TaskEnvelope
        do {
            let spec = try request.message.model()
            let nonce = (0..<TaskEnvelope.nonceBytes).map { _ in UInt8.random(in: 0...255) }
            if request.key.isEmpty { request.key = "signed-" + Hexadecimal.encode(nonce) }
            let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
            envelope = TaskEnvelope(
                algorithm: key.algorithm, signer: key.publicKey.id, cluster: cluster, node: spec.node, nonce: nonce,
                issuedAt: Timestamp(microseconds: now),
                expiresAt: Timestamp(microseconds: now + lifetime.milliseconds * 1_000), key: request.key,
                specDigest: SHA256Digest.of(spec.canonicalBytes))
        } catch {
            throw GridError(.invalidArgument, "the task cannot be signed: \(error)")
        }
        let statement = envelope.statement
        do {
            request.envelope = statement + (try key.signature(for: statement))
        } catch {
            throw GridError(.failed, error.message)
        }
        return request
    }
}
