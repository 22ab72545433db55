import Foundation
import Synchronization
import TestSupport
import Testing

/// `kill -9` of anything at random moments, while a client submits tasks with keys and asks again after every failure.
///
/// `NOIZYLAB_SEED` replays the victims and moments; `NOIZYLAB_STORM_TASKS` (500) is how many tasks the client has, to
/// which a tenth is added that the command line submits.
@Suite(.serialized, .timeLimit(.minutes(8)))
struct KillStormTests {
    @Test func `nothing acknowledged is lost or done twice, whatever is killed`() async throws {
        let count = count("NOIZYLAB_STORM_TASKS", default: 500)
        var random = SeededChance.announced(for: "kill storm")
        try await withGrid { grid in
            let identities = try await grid.issueIdentities()
            let address = try await grid.listenAddress()
            let client = try RunningProgram(
                Workspace.python(),
                ["\(Workspace.package)/Tests/EndToEndTests/Python/storm.py", "localhost:\(address.port)"]
                    + ["\(identities)/operator", grid.scratch, "\(count)", "\(random.seed)"],
                environment: grid.environment.merging(["PYTHONDONTWRITEBYTECODE": "1", "GRPC_VERBOSITY": "NONE"]) {
                    $1
                },
                input: nil)
            let cut = Storm(grid: grid)
            async let submitted = submitByCommandLine(grid, count: count / 10)

            // At least this many blows fall, and they fall until every task is answered.
            while !client.stdout.contains(#""phase": "answered""#) {
                guard client.isRunning else {
                    throw TestFailure("the client ended early: \(client.stdout.suffix(2000)) \(client.stderr)")
                }
                try await Task.sleep(for: .milliseconds(Int.random(in: 150...700, using: &random)))
                try await cut.strike(&random)
            }
            let acknowledged = try await submitted
            print("kill storm: \(cut.summary)")
            try await cut.calm()

            client.write("calm\n")
            client.closeInput()
            let answers = try await client.finished(within: .seconds(200)).jsonLines()
            try check(answers, count: count, scratch: grid.scratch)
            try await checkSubmitted(acknowledged, grid)
            try await checkStore(grid, count: count + acknowledged.count)
        }
    }

    /// Each task answered once with success, the same the second time, and no attempt begun twice.
    private func check(_ answers: [JSON], count: Int, scratch: String) throws {
        var first: [String: String] = [:]
        for answer in answers where !answer["task"].isNull {
            let task = answer["task"].text ?? ""
            #expect(answer["success"].bool == true, "\(answer)")
            #expect(first[task] == nil, "\(task) was answered twice")
            first[task] = answer["result"].text
        }
        #expect(first.count == count)
        var again = 0
        for answer in answers where !answer["again"].isNull {
            again += 1
            let task = answer["again"].text ?? ""
            #expect(answer["result"].text == first[task], "\(task) read again: \(answer)")
        }
        #expect(again == count)

        let numbers = (1...30).map { "\($0)\n" }.joined()
        for (task, result) in first {
            let lines = try String(contentsOfFile: "\(scratch)/\(task)", encoding: .utf8).split(separator: "\n")
            let begun = lines.filter { $0.hasPrefix("begin ") }.map { String($0.split(separator: " ")[1]) }
            #expect(Set(begun).count == begun.count, "\(task): an attempt began twice: \(lines)")
            let number = task.split(separator: "-").last ?? ""
            let attempt = begun.first { result == "result \(number) \($0)\n\(numbers)" }
            #expect(attempt != nil, "\(task): the result is not one attempt's whole output: \(result)")
            if let attempt {
                #expect(lines.contains { $0.hasPrefix("end \(attempt) ") }, "\(task): the answered attempt did not end")
            }
        }
    }

    /// Submits with `--detach`, again and again until the grid says yes; every yes must hold.
    private func submitByCommandLine(_ grid: GridFixture, count: Int) async throws -> [String] {
        var acknowledged: [String] = []
        for number in 0..<count {
            let id: String = try await eventuallySome(
                "submission \(number) is accepted", within: .seconds(60), every: .milliseconds(200)
            ) {
                let result = try await grid.noizylab(
                    "run", "--detach", "--key", "typed-\(number)", "--retries", "50", "-o", "json", "--", "sh", "-c",
                    "echo typed \(number); sleep 0.2")
                return result.exitCode == 0 ? try result.json()["id"].text : nil
            }
            acknowledged.append(id)
            try await Task.sleep(for: .milliseconds(100))
        }
        return acknowledged
    }

    private func checkSubmitted(_ ids: [String], _ grid: GridFixture) async throws {
        #expect(Set(ids).count == ids.count, "a key of its own gives a task of its own")
        for (number, id) in ids.enumerated() {
            let task = try await grid.ended(id)
            #expect(task["state"].text == "succeeded", "\(task)")
            #expect(task["stdout"].text == "typed \(number)\n", "\(task)")
        }
    }

    private func checkStore(_ grid: GridFixture, count: Int) async throws {
        let tasks = try await grid.status()["tasks"]
        #expect(tasks["succeeded"].int == count, "\(tasks)")
        for state in ["queued", "assigned", "running", "failed", "lost", "cancelled", "timed_out"] {
            #expect([nil, 0].contains(tasks[state].int), "\(state): \(tasks)")
        }
        // One end for every task, in the log that is kept.
        let events = try await grid.noizylab("events", "--from", "1", "-o", "ndjson").jsonLines()
        let numbers = events.compactMap { $0["number"].int }
        #expect(numbers == Array(1...max(1, numbers.count)), "the event log has no gap")
        var ends: [String: Int] = [:]
        for event in events where event["kind"].text == "task_finished" {
            ends[event["task"].text ?? "", default: 0] += 1
        }
        #expect(ends.count == count)
        #expect(ends.values.allSatisfy { $0 == 1 }, "ended twice: \(ends.filter { $0.value != 1 })")
    }
}

/// Picks victims and kills them; starts the supervisor again, as a person would, when it was one.
final class Storm: Sendable {
    enum Victim: String, CaseIterable { case coordinator, agent, supervisor, task }

    private let grid: GridFixture
    private let blows = Mutex<[String: Int]>([:])

    init(grid: GridFixture) { self.grid = grid }

    var summary: String {
        blows.withLock { $0.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }.joined(separator: ", ") }
    }

    func strike(_ random: inout SeededChance) async throws {
        // Tasks die most often, as in life; the coordinator's death stops everything, so not with every blow.
        let victim: Victim =
            [.task, .task, .task, .agent, .agent, .coordinator, .supervisor]
            .randomElement(using: &random) ?? .task
        let pids: [Int32] =
            switch victim {
            case .coordinator: ProcessTable.part("coordinator", ofHome: grid.home).map(\.pid)
            case .agent: ProcessTable.part("agent", ofHome: grid.home).map(\.pid)
            case .supervisor: ProcessTable.part("supervise", ofHome: grid.home).map(\.pid)
            case .task:
                ProcessTable.processes(ofHome: grid.home)
                    .filter { $0.environment.contains { $0.hasPrefix("NOIZYLAB_ATTEMPT=") } }.map(\.pid)
            }
        guard let pid = pids.sorted().randomElement(using: &random) else { return }
        kill(pid, SIGKILL)
        blows.withLock { $0[victim.rawValue, default: 0] += 1 }
        if victim == .supervisor { try await startAgain() }
    }

    /// Everything up again.
    func calm() async throws {
        try await eventually("start says that all is well", within: .seconds(60), every: .milliseconds(500)) {
            try await grid.noizylab("start", "--lab", within: .seconds(90)).exitCode == 0
        }
        try await grid.online(within: .seconds(60))
    }

    /// While parts are being killed `start` may rightly say that one ends again and again; but a supervisor must run.
    private func startAgain() async throws {
        let result = try await grid.noizylab("start", "--lab", within: .seconds(90))
        guard !ProcessTable.part("supervise", ofHome: grid.home).isEmpty else {
            throw TestFailure("the killed supervisor has no successor\n\(result)")
        }
    }
}
