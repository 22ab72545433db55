import GridModel
import GridStore
import Logging

/// Ends what expired keys have open, within a second, and writes down when keys were used, once a minute and at the end.
struct KeyKeeper: Sendable {
    let operations: GridOperations

    private static let usesEverySeconds = 60

    func run() async throws {
        var seen = SystemClock.wall()
        var beats = 0
        while true {
            do {
                try await Task.sleep(for: .seconds(1))
            } catch {
                await writeUses()
                throw error
            }
            let now = SystemClock.wall()
            endExpired(after: seen, by: now)
            seen = now
            beats += 1
            if beats % Self.usesEverySeconds == 0 { await writeUses() }
        }
    }

    private func endExpired(after: Timestamp, by now: Timestamp) {
        guard operations.keys.hasExpired(after: after, by: now) else { return }
        operations.gateway.openCalls.end(because: "This API key has expired.") { caller in
            if case .key(let grant) = caller.proof { grant.expiresAt <= now } else { false }
        }
    }

    /// A few rows in one transaction. Nothing depends on them, so a failure is told and let be.
    private func writeUses() async {
        let (store, keys) = (operations.store, operations.keys)
        do {
            try await operations.reads.run { () throws(StoreError) in try store.noteKeyUses(keys.takeUses()) }
        } catch {
            operations.logger.error("When keys were used could not be written", metadata: ["error": "\(error)"])
        }
    }
}
