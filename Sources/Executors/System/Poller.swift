import ProcessShims

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Waits for descriptors and processes. Level-triggered. Used by one thread alone.
///
/// Each thing waited for carries a token, which comes back when there is something to do.
struct Poller: ~Copyable {
    enum Interest: Int32 {
        case read = 0
        case write = 1
        /// The end of a process.
        case exit = 2
    }

    private let queue: Int32
    private var tokens = [UInt64](repeating: 0, count: 256)

    init() {
        queue = noizylab_queue_make()
        precondition(queue >= 0, "cannot make an event queue: \(systemErrorText(errno))")
    }

    deinit { close(queue) }

    /// False when it cannot be waited for.
    func add(_ descriptor: Int32, _ interest: Interest, token: UInt64) -> Bool {
        noizylab_queue_add(queue, descriptor, interest.rawValue, token) == 0
    }

    /// Needed even to pause: a closed other end is reported whatever the interest.
    func remove(_ descriptor: Int32, _ interest: Interest) {
        noizylab_queue_remove(queue, descriptor, interest.rawValue)
    }

    /// The tokens of what is ready; empty when the time passed. Negative: waits for ever.
    mutating func wait(milliseconds: Int32) -> ArraySlice<UInt64> {
        tokens[..<Int(noizylab_queue_wait(queue, &tokens, Int32(tokens.count), milliseconds))]
    }
}
