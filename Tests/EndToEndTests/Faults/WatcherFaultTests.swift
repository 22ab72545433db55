import Foundation
import TestSupport
import Testing

/// Output reaches every reader in order, without gap or repeat, whatever reconnects; a slow one slows nobody.
@Suite(.serialized, .timeLimit(.minutes(4)))
struct WatcherFaultTests {
    @Test func `a watcher sees every line once while the coordinator dies again and again`() async throws {
        var random = SeededChance.announced(for: "watcher")
        try await withGrid { grid in
            let count = 2_000
            let id = try await grid.detached(
                "--", "python3", "-u", "-c",
                "import time\nfor i in range(\(count)):\n print('line', i, '.' * (i % 97)); time.sleep(0.006)")
            let watcher = try grid.launch(["task", "watch", id])
            for _ in 0..<3 {
                let seen = watcher.lineTimes.count
                try await eventually("the watcher goes on", within: .seconds(40)) {
                    watcher.lineTimes.count > seen + Int.random(in: 50...300, using: &random) || !watcher.isRunning
                }
                kill(try await eventuallySome("a coordinator runs") { try? grid.pid(of: "coordinator") }, SIGKILL)
            }
            let expected = (0..<count).map { "line \($0) " + String(repeating: ".", count: $0 % 97) }
            let result = try await watcher.finished(within: .seconds(90))
            #expect(result.exitCode == 0, "\(result.stderr)\n\(grid.logs())")
            #expect(
                result.stdout.split(separator: "\n").map(String.init) == expected, "\(difference(result, expected))")

            // Killed watchers leave nothing behind that a new one could stumble over.
            let killed = try grid.launch(["task", "watch", id])
            try await eventually("it reads") { !killed.stdout.isEmpty }
            killed.signal(SIGKILL)
            let again = try await grid.noizylab("task", "watch", id)
            #expect(again.stdout.split(separator: "\n").map(String.init) == expected)
            #expect(try await grid.ended(id)["attempts"].int == 1)
        }
    }

    private func difference(_ result: ProgramResult, _ expected: [String]) -> String {
        let lines = result.lines
        let place = zip(lines, expected).enumerated().first { $0.element.0 != $0.element.1 }
        return "\(lines.count) lines of \(expected.count); first difference: \(place.map { "\($0)" } ?? "none")"
    }

    @Test func `a watcher that does not read slows neither the task nor the grid`() async throws {
        try await withGrid { grid in
            let flood = "head -c 200000000 /dev/zero | tr '\\0' x"
            _ = try await grid.detached("--key", "alone", "--", "sh", "-c", flood)
            let aloneTook = try await Self.succeeded("alone", grid)

            let slow = try grid.launch(["run", "--key", "flood", "--", "sh", "-c", flood], readsOutput: false)
            let watchedTook = try await Self.succeeded("flood", grid)
            #expect(watchedTook < aloneTook * 3 + 3_000, "\(watchedTook) ms watched, \(aloneTook) ms alone")
            print("200 MB took \(aloneTook) ms alone and \(watchedTook) ms with a watcher that does not read")
            #expect(slow.isRunning, "the reader is still there, and still behind")
            let quick = try await grid.noizylab("run", "--", "echo", "quick")
            #expect(quick.stdout == "quick\n" && quick.took < .seconds(3), "\(quick)")
            let coordinator = try grid.pid(of: "coordinator")
            let resident = try Self.residentMegabytes(coordinator)
            #expect(resident < 400, "the coordinator holds \(resident) MB")

            slow.startReading()
            let result = try await slow.finished(within: .seconds(60))
            #expect(result.exitCode == 0)
            #expect(result.stdoutData.prefix(1_000).allSatisfy { $0 == UInt8(ascii: "x") })
            #expect(result.stdoutData.count >= 64 << 20, "\(result.stdoutData.count) bytes")
        }
    }

    /// Waits until a task has succeeded and gives its run time in milliseconds. Asks for the list, because `task show`
    /// would read the whole output each time.
    private static func succeeded(_ key: String, _ grid: GridFixture) async throws -> Double {
        try await eventuallySome(
            "the task \(key) ends while nobody reads", within: .seconds(60), every: .milliseconds(100)
        ) {
            let tasks = try await grid.noizylab("task", "list", "-o", "json").json().items
            guard let task = tasks.first(where: { $0["key"].text == key }), task["state"].text == "succeeded",
                let started = task["started_ms"].number, let finished = task["finished_ms"].number
            else { return nil }
            return finished - started
        }
    }

    private static func residentMegabytes(_ pid: Int32) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return (Int(line.split(whereSeparator: { !$0.isNumber }).first ?? "0") ?? 0) / 1024
    }
}
