import GridModel
import GridStore
import Logging

/// Once a minute: forgets tasks, output, events and tokens past their time.
struct Housekeeping: Sendable {
    let operations: GridOperations

    func run() async throws {
        while true {
            try await Task.sleep(for: .seconds(60))
            do {
                try await tidy(at: SystemClock.wall())
            } catch {
                operations.logger.error("Old records could not be removed", metadata: ["error": "\(error)"])
            }
        }
    }

    /// In small steps, so that commits are never kept waiting for long.
    func tidy(at now: Timestamp) async throws(OperationError) {
        let settings = operations.settings
        let (store, outputs, keys) = (operations.store, operations.outputs, operations.keys)
        let tasksBefore = Timestamp(microseconds: now.microseconds - settings.taskRetentionSeconds * 1_000_000)
        let eventsBefore = Timestamp(microseconds: now.microseconds - settings.eventRetentionSeconds * 1_000_000)
        while true {
            let purged = try await operations.reads.run { () throws(StoreError) in
                let purged = try store.purge(finishedBefore: tasksBefore, limit: 500)
                for task in purged { try outputs.remove(task: task) }
                return purged.count
            }
            if purged < 500 { break }
        }
        let auditBefore = Timestamp(microseconds: now.microseconds - settings.auditRetentionSeconds * 1_000_000)
        try await operations.gateway.audit?.purge(before: auditBefore, keep: settings.auditEntryLimit)
        try await operations.reads.run { () throws(StoreError) in
            try store.purgeEvents(before: eventsBefore)
            try store.purgeTokens(expiredBefore: now)
            keys.forget(try store.purgeKeys(endedBefore: eventsBefore))
            _ = try outputs.enforceRetention(maxBytes: settings.outputRetentionBytes, writtenBefore: tasksBefore)
            try store.checkpoint()
        }
    }
}
