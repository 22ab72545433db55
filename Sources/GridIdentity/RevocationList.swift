import Synchronization

/// The certificates that prove nothing any more, by the hash of their key. Asked at every call, so it answers in no time;
/// owned by the coordinator, filled from the store at its start and by `cert revoke`.
package final class RevocationList: Sendable {
    private let keyHashes = Mutex<Set<[UInt8]>>([])

    package init() {}

    package func contains(_ credential: PeerCredential) -> Bool {
        keyHashes.withLock { !$0.isEmpty && $0.contains(credential.keyHash) }
    }

    package func revoke(keyHash: [UInt8]) { keyHashes.withLock { _ = $0.insert(keyHash) } }
}
