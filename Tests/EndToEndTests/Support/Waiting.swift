import Foundation

/// Something a test needed did not come about. The sentence is the report.
struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Whether `condition` becomes true before the deadline. Real processes cannot be awaited, so it looks every 20 ms;
/// no test waits for a time that it hopes is long enough.
func becomesTrue(
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

/// The same, and it must.
func eventually(
    _ sentence: String, within limit: Duration = .seconds(30), every interval: Duration = .milliseconds(20),
    _ condition: () async throws -> Bool
) async throws {
    guard try await becomesTrue(within: limit, every: interval, condition) else {
        throw TestFailure("not within \(limit): \(sentence)")
    }
}

/// The value that comes about before the deadline.
func eventuallySome<Value>(
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
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
