import Dispatch
import Foundation
import GridModel
import GridStore
import Synchronization

/// Writes large commits on a thread of its own, one at a time, so that the loop decides the next batch while the disk
/// takes this one. Small commits the loop writes itself: two changes of thread cost more than they are worth.
final class Committer: Sendable {
    private let store: SQLiteStore
    private let batches = Mailbox<StoreBatch>(capacity: 1)
    private let result = Mutex<Result<Void, StoreError>?>(nil)
    private let done = DispatchSemaphore(value: 0)

    /// `wake` is called on the committer's thread when a commit has ended.
    init(store: SQLiteStore, wake: @escaping @Sendable () -> Void) {
        self.store = store
        let thread = Thread { [self] in
            var batches: [StoreBatch] = []
            while self.batches.take(into: &batches, until: nil) {
                for batch in batches {
                    let ended = Result { () throws(StoreError) in try store.commit(batch) }
                    result.withLock { $0 = ended }
                    done.signal()
                    wake()
                }
            }
        }
        thread.name = "grid-committer"
        thread.qualityOfService = .userInteractive
        thread.start()
    }

    /// Only when no other commit is under way.
    func begin(_ batch: StoreBatch) {
        let push = batches.push(batch, isUrgent: true)
        precondition(push == .taken, "a commit was begun after the committer ended")
    }

    /// How the commit ended; nil while it has not.
    func takeResult() -> Result<Void, StoreError>? {
        guard let ended = result.withLock({ $0.take() }) else { return nil }
        done.wait()
        return ended
    }

    /// Blocks until the commit that is under way has ended.
    func waitForResult() -> Result<Void, StoreError> {
        done.wait()
        guard let ended = result.withLock({ $0.take() }) else { preconditionFailure("a commit ended without a result") }
        return ended
    }

    func end() { batches.close() }
}
