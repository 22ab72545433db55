import Foundation
import TestSupport
import Testing

/// `noizylab events`: one numbered fact after another, to be read on from where one stopped.
@Suite(.lab, .serialized, .timeLimit(.minutes(2)))
struct EventsTests {
    @Test func `events are numbered without gaps and tell a task's life`() async throws {
        let grid = try GridFixture.current
        let id = try await grid.detached("--", "true")
        _ = try await grid.ended(id)
        let events = try await grid.noizylab("events", "--from", "1", "-o", "ndjson").jsonLines()
        let numbers = events.compactMap { $0["number"].int }

        #expect(numbers == Array(1...max(numbers.count, 1)), "from the first, without a gap")
        let kinds = events.filter { $0["task"].text == id }.compactMap { $0["kind"].text }
        #expect(kinds == ["task_submitted", "task_assigned", "task_started", "task_finished"], "\(kinds)")
        let last = try await grid.noizylab("events", "--last", "2", "-o", "ndjson").jsonLines()
        #expect(last.count == 2)
    }

    @Test func `a follower sees what happens, and one that comes back goes on where it stopped`() async throws {
        let grid = try GridFixture.current
        let follower = try grid.launch(["events", "-f", "--from", "1", "-o", "ndjson"])
        try await eventually("the log comes first") { !follower.lineTimes.isEmpty }
        let id = try await grid.detached("--", "true")
        try await eventually("new ones come as they happen") {
            follower.stdout.contains(id) && follower.stdout.contains("task_finished")
        }
        follower.signal(SIGINT)
        let before = try await follower.finished(within: .seconds(10)).jsonLines()
        let reached = try #require(before.last?["number"].int)

        let next = try await grid.detached("--", "true")
        _ = try await grid.ended(next)
        let resumed = try grid.launch(["events", "-f", "--from", "\(reached + 1)", "-o", "ndjson"])
        try await eventually("the missed ones come") { resumed.stdout.contains(next) }
        resumed.signal(SIGINT)
        let after = try await resumed.finished(within: .seconds(10)).jsonLines().compactMap { $0["number"].int }
        #expect(after.first == reached + 1)
        #expect(after == Array((reached + 1)...(reached + after.count)))
    }
}
