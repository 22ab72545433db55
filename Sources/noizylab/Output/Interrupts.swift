#if canImport(Darwin)
    import Darwin
    import Dispatch
#else
    @preconcurrency import Dispatch
    import Glibc
#endif

/// Ctrl-C, and TERM: whoever waits for them decides what they mean. While it lives they do nothing else.
final class Interrupts: Sendable {
    private let signals: AsyncStream<Int32>
    private let sources: [DispatchSource]

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        signals = stream
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield(number) }
            source.resume()
            // Dispatch makes all its sources of this one class; only the protocol hides it.
            return source as! DispatchSource
        }
    }

    deinit {
        for source in sources { source.cancel() }
    }

    /// Returns at the next one, or when the task is cancelled; says which.
    func wait() async -> Bool {
        var iterator = signals.makeAsyncIterator()
        return await iterator.next() != nil
    }
}
