import GRPCCore
package import GridWire
import SwiftProtobuf
import Synchronization

/// Following a task, or the events, over any number of connections.
extension GridClient {
    /// Every state of a task and every byte of its output, in order, to its end. Goes on where it was when the
    /// connection or the coordinator went away. The pace is `onUpdate`'s: nothing piles up here.
    @discardableResult
    package func follow(
        _ task: String, statesOnly: Bool = false,
        _ onUpdate: @escaping @Sendable (Noizylab_Grid_WatchUpdate) async throws -> Void
    ) async throws -> Bool {
        let position = Mutex(WatchPosition())
        try await keepFollowing { progress in
            let (epoch, offset) = position.withLock { ($0.epoch, $0.offset) }
            let request = Noizylab_Grid_WatchRequest.with {
                $0.task = task
                $0.epoch = epoch
                $0.offset = offset
                $0.statesOnly = statesOnly
            }
            try await self.tasks.watch(request) { response in
                for try await update in response.messages {
                    progress.note()
                    guard let fresh = position.withLock({ $0.take(update) }) else { continue }
                    try await onUpdate(fresh)
                }
            }
            return position.withLock { $0.isEnded }
        }
        return true
    }

    /// Events by number. `from` 0: only new ones, after the newest `last`.
    package func followEvents(
        from first: UInt64 = 0, last: Int = 0, follow: Bool,
        _ onEvents: @escaping @Sendable ([Noizylab_Grid_Event]) async throws -> Void
    ) async throws {
        // A number to begin at is settled first, so that nothing is missed however soon the connection breaks.
        var start = first
        if first == 0 {
            let newest = try await newestEventNumber()
            start = newest + 1 - min(newest, UInt64(max(last, 0)))
        }
        let next = Mutex<UInt64>(start)
        try await keepFollowing { progress in
            let from = next.withLock { $0 }
            let request = Noizylab_Grid_EventsRequest.with {
                $0.from = from
                $0.follow = follow
            }
            try await self.admin.events(request) { response in
                for try await message in response.messages {
                    progress.note()
                    let fresh = next.withLock { next in
                        let fresh = message.events.filter { $0.number >= next }
                        if let newest = fresh.last { next = newest.number + 1 }
                        return fresh
                    }
                    if !fresh.isEmpty { try await onEvents(fresh) }
                }
            }
            return !follow
        }
    }

    /// 0 when nothing has happened yet.
    private func newestEventNumber() async throws -> UInt64 {
        try await call {
            try await self.admin.events(.with { $0.last = 1 }) { response in
                var newest: UInt64 = 0
                for try await message in response.messages { newest = message.events.last?.number ?? newest }
                return newest
            }
        }
    }

    /// Runs one stream after another until `body` says that all was said. A stream that broke is opened again, with
    /// more patience once it has brought something.
    private func keepFollowing(_ body: (FollowProgress) async throws -> Bool) async throws {
        let progress = FollowProgress()
        var patience = Patience(options, limit: options.patience)
        var hasHeard = false
        while true {
            var failure: any Error = GridError(.unavailable, "the coordinator at \(endpoint) ended the stream")
            do {
                if try await body(progress) { return }
            } catch {
                failure = explain(error)
                guard let known = failure as? GridError, known.isPassing || known.code == .cancelled else {
                    throw failure
                }
            }
            try Task.checkCancellation()
            if progress.take() {
                hasHeard = true
                patience = Patience(options, limit: options.patienceWhenFollowing)
            }
            guard await patience.failed() else {
                try Task.checkCancellation()
                if !hasHeard { throw failure }
                throw GridError(
                    .unavailable, "the coordinator at \(endpoint) has been away for \(options.patienceWhenFollowing)")
            }
        }
    }
}

/// Whether the stream that just ended brought anything.
final class FollowProgress: Sendable {
    private let hasMoved = Mutex(false)

    func note() { hasMoved.withLock { $0 = true } }

    func take() -> Bool {
        hasMoved.withLock { hasMoved in
            defer { hasMoved = false }
            return hasMoved
        }
    }
}
