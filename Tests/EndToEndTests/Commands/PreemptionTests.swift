import Foundation
import TestSupport
import Testing

/// A full machine and an urgent task, on real processes: the sleeper is asked to end, the urgent task has its room, and
/// the sleeper goes on afterwards.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct PreemptionTests {
    private func withFullGrid(_ body: (GridFixture) async throws -> Void) async throws {
        let config = """
            [coordinator]
            node = "solo"
            listen = "127.0.0.1:0"
            edge = "127.0.0.1:0"
            [tasks]
            preempt = true
            [[node]]
            name = "solo"
            link = "local"
            resources = { seat = 1 }
            """
        try await withGrid(config: config) { grid in
            try await grid.online(["solo"])
            try await body(grid)
        }
    }

    @Test func `an urgent task ends what can begin anew, and that finishes later`() async throws {
        try await withFullGrid { grid in
            let sleeper = try await grid.detached(
                "--resource", "seat=1", "--", "sh", "-c",
                "echo began; while ! [ -e \(grid.scratch)/go ]; do sleep 0.1; done")
            try await eventually("the sleeper runs") { try await grid.task(sleeper)["state"].text == "running" }
            let equal = try await grid.detached("--resource", "seat=1", "--", "true")
            let started = Date()

            let urgent = try await grid.noizylab(
                "run", "--priority", "9", "--resource", "seat=1", "-o", "json", "--", "echo", "urgent")

            #expect(urgent.exitCode == 0, "\(urgent)")
            #expect(Date().timeIntervalSince(started) < 5, "within the grace")
            let id = try #require(try urgent.json()["id"].text)
            let waiting = try await grid.task(sleeper)
            #expect(waiting["state"].text != "succeeded")
            #expect(waiting["history"].items.first?["preempted_by"].text == id, "\(waiting)")
            #expect(waiting["history"].items.first?["end"].text == "cancelled")
            let shown = try await grid.succeeding("task", "show", sleeper)
            #expect(shown.stdout.contains("preempted by \(id)"), "\(shown)")
            let events = try await grid.noizylab("events", "--from", "1", "-o", "ndjson").jsonLines()
            let preempted = events.filter { $0["kind"].text == "task_preempted" }
            #expect(preempted.compactMap { $0["task"].text } == [sleeper])
            #expect(events.contains { $0["kind"].text == "task_room_made" && $0["task"].text == id })

            _ = FileManager.default.createFile(atPath: "\(grid.scratch)/go", contents: nil)
            #expect(try await grid.ended(equal)["state"].text == "succeeded")
            let finished = try await grid.ended(sleeper)
            #expect(finished["state"].text == "succeeded", "\(finished)")
            #expect(finished["attempts"].int == 2)
        }
    }

    @Test func `what cannot begin anew goes on, and why says so of both`() async throws {
        try await withFullGrid { grid in
            let kept = try await grid.detached(
                "--on-lost", "fail", "--resource", "seat=1", "--", "sh", "-c",
                "while ! [ -e \(grid.scratch)/go ]; do sleep 0.1; done")
            try await eventually("it runs") { try await grid.task(kept)["state"].text == "running" }

            let urgent = try await grid.detached("--priority", "9", "--resource", "seat=1", "--", "true")
            let plan = try await grid.succeeding("task", "why", urgent)

            #expect(plan.stdout.contains("0 of 1 seat free"), "\(plan)")
            #expect(!plan.stdout.contains("room can be made"), "\(plan)")
            _ = FileManager.default.createFile(atPath: "\(grid.scratch)/go", contents: nil)
            #expect(try await grid.ended(kept)["attempts"].int == 1)
            #expect(try await grid.ended(urgent)["state"].text == "succeeded")
        }
    }
}
