/// What a test waited for did not come about. The sentence is the report.
struct NotInTime: Error, CustomStringConvertible {
    let description: String
}

/// Waits for what brings no event of its own, such as a call that is no longer counted. No test waits for a time that it
/// hopes is long enough.
func eventually(
    _ sentence: String, within limit: Duration = .seconds(30), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw NotInTime(description: "not within \(limit): \(sentence)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}
