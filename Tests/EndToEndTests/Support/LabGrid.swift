import Testing

/// Gives a suite one lab grid: started before its first test, stopped, checked and removed after its last.
struct LabGrid: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await withGrid { grid in
            try await GridFixture.$shared.withValue(grid) { try await function() }
        }
    }
}

extension Trait where Self == LabGrid {
    /// The three-node lab, shared by the suite's tests through `GridFixture.current`.
    static var lab: LabGrid { LabGrid() }
}
