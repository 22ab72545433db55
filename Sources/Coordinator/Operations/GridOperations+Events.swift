import GridIdentity
import GridModel
import GridStore
package import GridWire

/// The grid's events: from the log, then live, without gap or repeat.
extension GridOperations {
    /// `from` 0: only new ones, after the newest `last`.
    package func events(
        _ caller: Caller, from: UInt64, last: Int, follow: Bool,
        _ emit: @escaping @Sendable ([Noizylab_Grid_Event]) async throws -> Void
    ) async throws {
        try authorise(caller, .viewGrid)
        let published = try await loop.look { $0.publishedEvents }
        var next = from
        if from == 0 { next = published + 1 - min(UInt64(max(last, 0)), published) }
        while true {
            // Joined before the log is read: what is published meanwhile waits in the buffer.
            let isCutOff = try await loop.events.withReader(capacity: 10_000) { live in
                next = try await readLog(from: next, emit)
                guard follow else { return false }
                while let batch = await live.take() {
                    let wanted = batch.filter { $0.number >= next }
                    guard let first = wanted.first, let newest = wanted.last else { continue }
                    if first.number > next { next = try await readLog(from: next, emit) }
                    let unseen = wanted.filter { $0.number >= next }
                    if !unseen.isEmpty { try await emit(unseen.map(Noizylab_Grid_Event.init)) }
                    next = max(next, newest.number + 1)
                }
                return true
            }
            guard isCutOff, follow else { return }
            try Task.checkCancellation()
            // Too slow for the buffer, or the coordinator stops: the log has it all.
            if loop.isStopping { throw OperationError.refused(.stopping) }
        }
    }

    /// Everything that is there from a number on; returns the next number.
    private func readLog(
        from first: UInt64, _ emit: @Sendable ([Noizylab_Grid_Event]) async throws -> Void
    ) async throws -> UInt64 {
        var next = first
        while true {
            let from = next
            let page = try await reads.run { [store] () throws(StoreError) in try store.events(from: from, limit: 1_000)
            }
            guard let newest = page.last else { return next }
            try await emit(page)
            next = newest.number + 1
        }
    }
}
