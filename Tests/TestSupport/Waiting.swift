import Foundation

/// Something a test needed did not come about. The sentence is the report.
package struct TestFailure: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Whether `condition` becomes true before the deadline. Real processes cannot be awaited, so it looks every 20 ms;
/// no test waits for a time that it hopes is long enough.
package func becomesTrue(
    within limit: Duration = .seconds(30), every interval: Duration = .milliseconds(20),
    _ condition: () async throws -> Bool
) async throws -> Bool {
    let deadline = ContinuousClock.now + limit
    while true {
        if try await condition() { return true }
        guard ContinuousClock.now < deadline else { return false }
        try await Task.sleep(for: interval)
    }
}

/// Waits for what brings no event of its own, and it must come about.
package func eventually(
    _ sentence: String, within limit: Duration = .seconds(30), every interval: Duration = .milliseconds(20),
    _ condition: () async throws -> Bool
) async throws {
    guard try await becomesTrue(within: limit, every: interval, condition) else {
        throw TestFailure("not within \(limit): \(sentence)")
    }
}

/// The value that comes about before the deadline.
package func eventuallySome<Value>(
    _ sentence: String, within limit: Duration = .seconds(30), every interval: Duration = .milliseconds(50),
    _ look: () async throws -> Value?
) async throws -> Value {
    var found: Value?
    try await eventually(sentence, within: limit, every: interval) {
        found = try await look()
        return found != nil
    }
    guard let found else { throw TestFailure(sentence) }
    return found
}

extension Duration {
    package var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}

/// For tests that cannot wait otherwise than on their thread: looks every 10 ms, and says whether it came about.
package func becomesTrueBlocking(seconds: Int, _ condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<(seconds * 100) {
        if try condition() { return true }
        usleep(10_000)
    }
    return false
}
