import Synchronization

/// The calls that are open and may stay so: where a revocation finds what it must end.
package final class OpenCalls: Sendable {
    private let calls = Mutex<[ObjectIdentifier: Call]>([:])

    func add(_ call: Call) { calls.withLock { $0[ObjectIdentifier(call)] = call } }

    func remove(_ call: Call) { calls.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(call)) } }

    package var count: Int { calls.withLock { $0.count } }

    /// Ends every open call of the callers that match, with UNAUTHENTICATED and this sentence. Returns how many.
    @discardableResult
    package func end(because sentence: String, where matches: (Caller) -> Bool) -> Int {
        let ended = calls.withLock { calls in calls.values.filter { matches($0.caller) } }
        for call in ended { call.end(.unauthenticated(sentence)) }
        return ended.count
    }
}
