package import GridWire

extension GridClient {
    /// What is known of a task now, its output included: to the end of one that has ended, and of one that lives until
    /// nothing more comes for a moment.
    package func readOutput(
        of task: String, quiet: Duration = .milliseconds(250), limit: Duration = .seconds(3),
        _ onUpdate: @escaping @Sendable (Noizylab_Grid_WatchUpdate) async throws -> Void
    ) async throws {
        let newest = Shared<ContinuousClock.Instant?>(nil)
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                try await self.follow(task) { update in
                    newest.withLock { $0 = .now }
                    try await onUpdate(update)
                }
            }
            group.addTask {
                var firstAt: ContinuousClock.Instant?
                while true {
                    try await Task.sleep(for: .milliseconds(20))
                    guard let last = newest.withLock({ $0 }) else { continue }
                    let first = firstAt ?? last
                    firstAt = first
                    if .now - last > quiet || .now - first > limit { return }
                }
            }
            try await group.next()
        }
    }
}
