import GridModel
import GridStore
import Logging

/// Once a minute: forgets tasks, output, events and tokens past their time.
struct Housekeeping: Sendable {
    let operations: GridOperations

    func run() async throws {
        await step("count of stored output") {
            let (outputs, store) = (operations.outputs, operations.store)
            try await operations.reads.run { () throws(StoreError) in
                try outputs.recount { id throws(StoreError) in try store.task(id)?.spec.submitter }
            }
        }
        while true {
            try await Task.sleep(for: .seconds(60))
            await tidy(at: SystemClock.wall())
        }
    }

    /// In small steps, so that commits are never kept waiting for long; one that fails keeps none of the others from its
    /// work.
    func tidy(at now: Timestamp) async {
        let settings = operations.settings
        let (store, outputs, keys, reads) = (operations.store, operations.outputs, operations.keys, operations.reads)
        func before(_ seconds: Int64) -> Timestamp {
            Timestamp(microseconds: now.microseconds - seconds * 1_000_000)
        }
        let (tasks, events) = (before(settings.taskRetentionSeconds), before(settings.eventRetentionSeconds))
        await step("tasks") { try await forgetTasks(before: tasks) }
        await step("audit") {
            try await operations.gateway.audit?.purge(
                before: before(settings.auditRetentionSeconds), keep: settings.auditEntryLimit)
        }
        await step("events") {
            try await reads.run { () throws(StoreError) -> Void in try store.purgeEvents(before: events) }
        }
        await step("tokens") {
            try await reads.run { () throws(StoreError) -> Void in try store.purgeTokens(expiredBefore: now) }
        }
        await step("keys") {
            try await reads.run { () throws(StoreError) -> Void in
                keys.forget(try store.purgeKeys(endedBefore: events))
            }
        }
        await step("output") {
            try await reads.run { () throws(StoreError) -> Void in
                _ = try outputs.enforceRetention(maxBytes: settings.outputRetentionBytes, writtenBefore: tasks)
            }
        }
        await step("log of the store") {
            try await reads.run { () throws(StoreError) -> Void in try store.checkpoint() }
        }
    }

    private func forgetTasks(before time: Timestamp) async throws {
        let (store, outputs) = (operations.store, operations.outputs)
        while true {
            let purged = try await operations.reads.run { () throws(StoreError) in
                let purged = try store.purge(finishedBefore: time, limit: 500)
                for task in purged { try outputs.remove(task: task) }
                return purged.count
            }
            if purged < 500 { return }
        }
    }

    private func step(_ what: String, _ body: () async throws -> Void) async {
        do { try await body() } catch {
            operations.logger.error(
                "Old records could not be removed", metadata: ["what": "\(what)", "error": "\(error)"])
        }
    }
}
