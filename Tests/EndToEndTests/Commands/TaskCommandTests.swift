import Foundation
import TestSupport
import Testing

/// `noizylab task …`: finding, watching, cancelling, repeating.
@Suite(.lab, .serialized, .timeLimit(.minutes(3)))
struct TaskCommandTests {
    @Test func `tasks are listed newest first, by state too, and shown by a prefix`() async throws {
        let grid = try GridFixture.current
        let good = try await grid.detached("--", "true")
        let bad = try await grid.detached("--", "sh", "-c", "exit 4")
        _ = try await grid.ended(good)
        _ = try await grid.ended(bad)

        let all = try await grid.noizylab("task", "list", "-o", "json").json().items.compactMap { $0["id"].text }
        #expect(all.firstIndex(of: bad) ?? 99 < all.firstIndex(of: good) ?? -1, "\(all)")
        let failed = try await grid.noizylab("task", "list", "--state", "failed", "-o", "name")
        #expect(failed.lines.contains(bad), "\(failed)")
        #expect(!failed.lines.contains(good))
        let shown = try await grid.noizylab("task", "show", String(bad.prefix(6)), "-o", "json")
        #expect(try shown.json()["id"].text == bad, "\(shown)")
        let people = try await grid.noizylab("task", "show", bad)
        #expect(people.exitCode == 0)
        #expect(people.stdout.contains(bad) && people.stdout.contains("failed"), "\(people)")
    }

    @Test func `a running task is listed as running while it runs`() async throws {
        let grid = try GridFixture.current
        let id = try await grid.detached("--", "sleep", "300")
        try await eventually("it is listed as running", within: .seconds(10)) {
            try await grid.noizylab("task", "list", "--state", "running", "-o", "name").lines.contains(id)
        }
        let shown = try await grid.task(id)
        #expect(shown["state"].text == "running")
        try await grid.succeeding("task", "cancel", id)
        _ = try await grid.ended(id)
        let after = try await grid.noizylab("task", "list", "--state", "running", "-o", "name")
        #expect(!after.lines.contains(id), "\(after)")
    }

    @Test func `a task that is not there is exit 4`() async throws {
        for command in ["show", "watch", "cancel", "retry", "logs"] {
            let result = try await GridFixture.current.noizylab("task", command, "zzzzzzzz")
            #expect(result.exitCode == 4, "\(result)")
            #expect(result.stderr.contains("zzzzzzzz"), "\(result)")
        }
    }

    @Test func `watch follows from the beginning to the end, with the task's exit code`() async throws {
        let grid = try GridFixture.current
        let id = try await grid.detached("--", "sh", "-c", "for i in 1 2 3 4; do echo line $i; sleep 0.3; done; exit 5")
        let watch = try grid.launch(["task", "watch", id])
        try await eventually("it shows the first line") { watch.stdout.contains("line 1") }
        let result = try await watch.finished()
        #expect(result.stdout == "line 1\nline 2\nline 3\nline 4\n", "\(result)")
        #expect(result.exitCode == 5, "\(result)")

        let after = try await grid.noizylab("task", "watch", id)
        #expect(after.stdout == "line 1\nline 2\nline 3\nline 4\n", "again, after the end\n\(after)")
    }

    @Test func `cancel ends a running task and its children, and a queued one at once`() async throws {
        let grid = try GridFixture.current
        let mark = "cancel-\(UInt32.random(in: 0...UInt32.max))"
        let id = try await grid.detached("--", "bash", "-c", "(exec -a \(mark) sleep 300) & echo begun; wait")
        try await eventually("it runs") { try await grid.task(id)["state"].text == "running" }
        try await grid.succeeding("task", "cancel", id)
        let task = try await grid.ended(id)

        #expect(task["state"].text == "cancelled")
        try await eventually("its child has gone") {
            !ProcessTable.all().contains { $0.arguments.first == mark }
        }
        let again = try await grid.noizylab("task", "cancel", id)
        #expect(again.exitCode == 1, "an end never changes\n\(again)")
        #expect(again.stderr.contains("cancelled"), "\(again)")
    }

    @Test func `a task that ignores TERM is killed after its grace`() async throws {
        let grid = try GridFixture.current
        let id = try await grid.detached("--", "sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.2; done")
        try await eventually("it runs") { try await grid.noizylab("task", "logs", id).stdout == "deaf\n" }
        try await grid.succeeding("task", "cancel", id)
        #expect(try await grid.ended(id, within: .seconds(20))["state"].text == "cancelled")
    }

    @Test func `retry makes a new task that asks for the same`() async throws {
        let grid = try GridFixture.current
        let id = try await grid.detached("--", "echo", "again")
        _ = try await grid.ended(id)
        let retried = try await grid.noizylab("task", "retry", id, "-o", "json")
        let new = try #require(try retried.json()["id"].text, "\(retried)")

        #expect(new != id)
        #expect(try await grid.ended(new)["stdout"].text == "again\n")
        #expect(try await grid.task(id)["state"].text == "succeeded", "the old one is as it was")
    }

    @Test func `logs gives the output as it was, both streams where they belong`() async throws {
        let grid = try GridFixture.current
        let id = try await grid.detached("--", "sh", "-c", "echo out; echo err >&2")
        _ = try await grid.ended(id)
        let logs = try await grid.noizylab("task", "logs", id)
        #expect(logs.exitCode == 0, "\(logs)")
        #expect(logs.stdout == "out\n")
        #expect(logs.stderr == "err\n")
    }

    @Test func `a key finds a task wherever an id does`() async throws {
        let grid = try GridFixture.current
        let id = try await grid.detached("--key", "by-key", "--", "echo", "found")
        _ = try await grid.ended(id)
        #expect(try await grid.task("by-key")["id"].text == id)
        #expect(try await grid.noizylab("task", "logs", "by-key").stdout == "found\n")
    }
}
