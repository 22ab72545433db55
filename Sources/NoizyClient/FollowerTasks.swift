/// Feeds the asynchronous sequences that a client handed out: each by a task of the connection's scope, so that nothing
/// outlives it.
final class FollowerTasks: Sendable {
    typealias Work = @Sendable () async -> Void

    private let stream: AsyncStream<Work>
    private let continuation: AsyncStream<Work>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(of: Work.self) }

    /// Ends when it is finished, or cancelled, and with it all that runs.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await work in stream { group.addTask { await work() } }
            group.cancelAll()
        }
    }

    func start(_ work: @escaping Work) { continuation.yield(work) }
    func finish() { continuation.finish() }
}

/// A sequence whose elements a task of the client's scope brings, at the pace of its one reader.
public struct GridSequence<Element: Sendable>: AsyncSequence, Sendable {
    private let handoff = Handoff<Element>()
    private let begin: @Sendable (Handoff<Element>) -> Void

    /// `produce` gives each element and stops when it hears false.
    init(
        _ followers: FollowerTasks,
        _ produce: @escaping @Sendable (_ give: @escaping @Sendable (Element) async throws -> Void) async throws -> Void
    ) {
        begin = { handoff in
            followers.start {
                do {
                    try await produce { element in
                        guard await handoff.give(element) else { throw CancellationError() }
                    }
                    handoff.finish()
                } catch {
                    handoff.finish(error is CancellationError ? nil : error)
                }
            }
        }
    }

    /// The first reader starts it. There can be one.
    public func makeAsyncIterator() -> Iterator {
        begin(handoff)
        return Iterator(handoff: handoff)
    }

    public final class Iterator: AsyncIteratorProtocol {
        private let handoff: Handoff<Element>

        fileprivate init(handoff: Handoff<Element>) { self.handoff = handoff }

        /// Whoever stops reading stops the writing.
        deinit { handoff.finish() }

        public func next() async throws -> Element? { try await handoff.take() }

        public func next(isolation actor: isolated (any Actor)?) async throws -> Element? {
            try await handoff.take()
        }
    }
}
