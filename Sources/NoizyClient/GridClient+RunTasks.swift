import GRPCCore
import GridWire
import SwiftProtobuf

/// Many tasks over one stream.
extension GridClient {
    /// Submits the requests in batches, keeps at most `window` under way, and hands each result over as it comes.
    ///
    /// When the coordinator restarts meanwhile, durable requests are submitted again under their keys, which each of
    /// them is given unless it has one: no task runs twice. What was ephemeral and unanswered ends without a state.
    public func run<Requests: AsyncSequence & Sendable>(
        many requests: Requests, window: Int = 4_096,
        onResult: @escaping @Sendable (TaskResult) async throws -> Void
    ) async throws where Requests.Element == TaskRequest {
        let book = TaskBook(window: window)
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                for try await request in requests {
                    try Task.checkCancellation()
                    guard await book.add(request) else { return }
                }
                book.endInput()
            }
            group.addTask { try await self.exchange(book, onResult) }
            // A source that fails, or a result that is not taken, ends the rest.
            do {
                try await group.next()
                try await group.next()
            } catch {
                book.abandon()
                throw error
            }
        }
    }

    /// One stream after another until everything is answered.
    private func exchange(
        _ book: TaskBook, _ onResult: @escaping @Sendable (TaskResult) async throws -> Void
    ) async throws {
        var patience = Patience(options, limit: options.patienceWhenFollowing)
        while true {
            do {
                try await exchangeOnce(book, onResult)
                if book.isDone { return }
            } catch {
                let error = explain(error)
                guard let known = error as? GridError, known.isPassing || known.code == .cancelled else { throw error }
            }
            try Task.checkCancellation()
            if book.takeMoved() { patience.succeeded() }
            for result in book.reconnect(because: "the connection to \(endpoint) was lost") {
                try await onResult(result)
            }
            if book.isDone { return }
            guard await patience.failed() else {
                throw GridError(.unavailable, "the coordinator at \(endpoint) does not come back")
            }
        }
    }

    private func exchangeOnce(
        _ book: TaskBook, _ onResult: @escaping @Sendable (TaskResult) async throws -> Void
    ) async throws {
        try await tasks.runTasks(
            requestProducer: { writer in
                while let batch = await book.takeBatch() {
                    try await writer.write(.with { $0.submissions = batch })
                }
            },
            onResponse: { response in
                for try await message in response.messages {
                    for result in book.settle(message.results) { try await onResult(result) }
                }
            })
    }
}
