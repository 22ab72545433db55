import UnixSignals

/// Ctrl-C, and TERM: whoever waits for them decides what they mean. Once made they do nothing else.
struct Interrupts: Sendable {
    private let signals: UnixSignalsSequence

    init() async { signals = await UnixSignalsSequence(trapping: .sigint, .sigterm) }

    /// Returns at the next one, or when the task is cancelled; says which.
    func wait() async -> Bool {
        var iterator = signals.makeAsyncIterator()
        return await iterator.next() != nil
    }
}
