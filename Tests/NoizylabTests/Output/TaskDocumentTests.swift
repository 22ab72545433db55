import GridWire
import NoizyClient
import SwiftProtobuf
import Testing

@testable import noizylab

/// The shapes that scripts rely on, and what the ends of tasks mean for the shell.
struct TaskDocumentTests {
    @Test func `the contract's names are there, whatever is known`() {
        for info in [Self.queued, Self.ended("failed", exitCode: 3)] {
            let document = TaskDocument.make(info, output: CapturedOutput())
            for name in [
                "id", "state", "node", "attempts", "exit_code", "signal", "stdout", "stderr", "error", "queued_ms",
                "started_ms", "finished_ms", "decision",
            ] {
                #expect(document[name] != nil, "\(name)")
            }
        }
    }

    @Test func `a finished task is told in full`() {
        var output = CapturedOutput()
        output.stdout = Array("out\n".utf8)
        let document = TaskDocument.make(Self.ended("failed", exitCode: 3), output: output)

        #expect(document["state"] == "failed")
        #expect(document["exit_code"] == 3)
        #expect(document["signal"] == .null)
        #expect(document["stdout"] == "out\n")
        #expect(document["node"] == "Mac-Pro")
        #expect(document["attempts"] == 1)
        #expect(document["queued_ms"] == 2)
        #expect(document["started_ms"] == 5)
        #expect(document["finished_ms"] == 105)
        #expect(document["decision"]?["policy"] == "least-loaded")
        #expect(document["decision"]?["node"] == "Mac-Pro")
        #expect(document["command"] == "sh -c 'exit 3'")
    }

    @Test func `a queued task has nulls where nothing is known`() {
        let document = TaskDocument.make(Self.queued, output: nil)

        for name in ["node", "exit_code", "signal", "stdout", "stderr", "queued_ms", "started_ms", "finished_ms"] {
            #expect(document[name] == .null, "\(name)")
        }
        #expect(document["attempts"] == 0)
        #expect(document["decision"]?["policy"] == "pinned")
        #expect(document["decision"]?["reason"] == "waits for HP-OMEN")
    }

    static let endings: [(info: Noizylab_Grid_TaskInfo, code: Int32, isSilent: Bool)] = [
        (ended("succeeded", exitCode: 0), 0, true),
        (ended("failed", exitCode: 3), 3, true),
        (ended("failed", exitCode: 255), 255, true),
        (ended("failed", signal: 9), 137, false),
        (ended("failed", error: "cannot start 'x'"), 1, false),
        (ended("timed_out", signal: 15), 6, false),
        (ended("lost"), 4, false),
        (ended("cancelled", signal: 15), 1, false),
    ]

    @Test(arguments: endings.indices)
    func `an end has its exit code, and its sentence when the code does not say it`(index: Int) {
        let (info, code, isSilent) = Self.endings[index]

        #expect(TaskEnding.exitCode(info) == code)
        #expect(TaskEnding.failure(info).isEmpty == isSilent, "\(TaskEnding.failure(info))")
    }

    @Test func `many targets have one exit code`() {
        let good = ExecResult(name: "a", info: Self.ended("succeeded", exitCode: 0))
        let bad = ExecResult(name: "b", info: Self.ended("failed", exitCode: 9))
        let late = ExecResult(name: "c", info: Self.ended("timed_out"))
        let away = ExecResult(name: "d", info: nil, obstacle: "offline")
        let cases: [([ExecResult], Int32)] = [
            ([good], 0), ([bad], 9), ([away], 4), ([late], 6), ([good, good], 0), ([good, bad], 3), ([bad, bad], 1),
            ([away, away], 4), ([late, late], 6), ([good, away], 3), ([bad, away], 1),
        ]
        for (results, code) in cases { #expect(ExecResult.exitCode(results) == code, "\(results.map(\.state))") }
    }

    @Test func `the status has the contract's names`() {
        let node = Noizylab_Grid_NodeInfo.with {
            $0.name = "Mac-Pro"
            $0.sample.cpuPercent = 12.345
        }
        let status = Noizylab_Grid_StatusResponse.with {
            $0.cluster = "NOIZYLAB"
            $0.nodes = [node]
            $0.tasks = ["running": 2]
        }
        let document = StatusDocument(status: status, isOwn: true, supervisorPID: nil).json

        for name in ["cluster", "state", "coordinator", "nodes", "dashboard", "tasks"] {
            #expect(document[name] != nil)
        }
        for name in ["node", "listen", "edge", "pid", "version", "uptime_ms"] {
            #expect(document["coordinator"]?[name] != nil)
        }
        guard case .array(let nodes)? = document["nodes"] else { return #expect(Bool(false), "nodes is a list") }
        for name in [
            "name", "role", "link", "state", "os", "arch", "address", "latency_ms", "cpu", "memory", "gpus", "running",
        ] {
            #expect(nodes[0][name] != nil, "\(name)")
        }
        #expect(nodes[0]["cpu"] == .double(12.35))
        #expect(document["tasks"]?["running"] == 2)
        #expect(document["tasks"]?["lost"] == 0)
        #expect(document["supervisor"]?["state"] == "gone")
    }

    @Test func `output of a newer attempt takes the place of an older one's`() {
        var captured = CapturedOutput()
        captured.take(Self.output(epoch: 1, "first"))
        captured.take(Self.output(epoch: 2, "second"))
        captured.take(Self.output(epoch: 2, " half"))

        #expect(captured.stdout == Array("second half".utf8))
    }

    @Test(arguments: [
        (["ls", "-la"], "ls -la"), (["echo", "a b"], "echo 'a b'"), (["x", ""], "x ''"), (["a'b"], #"'a'\''b'"#),
    ])
    func `a command is shown as it could be typed`(arguments: [String], text: String) {
        #expect(TaskText.quoted(arguments) == text)
    }

    private static let queued = Noizylab_Grid_TaskInfo.with {
        $0.id = "7f3kq0xt"
        $0.state = "queued"
        $0.spec.node = "HP-OMEN"
        $0.spec.command.arguments = ["true"]
        $0.submittedAtUs = 1_763_849_889_000_000
        $0.reason = "waits for HP-OMEN"
    }

    private static func ended(
        _ state: String, exitCode: Int32? = nil, signal: Int32? = nil, error: String = ""
    ) -> Noizylab_Grid_TaskInfo {
        let start: Int64 = 1_763_849_889_000_000
        return .with {
            $0.id = "7f3kq0xt"
            $0.state = state
            $0.spec.command.arguments = ["sh", "-c", "exit 3"]
            $0.submittedAtUs = start
            $0.finishedAtUs = start + 105_000
            $0.attempts = [
                .with {
                    $0.epoch = 1
                    $0.node = "Mac-Pro"
                    $0.assignedAtUs = start + 2_000
                    $0.startedAtUs = start + 5_000
                    $0.finishedAtUs = start + 105_000
                    $0.outcome.end = state
                    if let exitCode { $0.outcome.exitCode = exitCode }
                    if let signal { $0.outcome.signal = signal }
                    $0.outcome.error = error
                }
            ]
        }
    }

    private static func output(epoch: UInt32, _ text: String) -> Noizylab_Grid_OutputUpdate {
        .with {
            $0.epoch = epoch
            $0.chunks = [
                .with {
                    $0.stream = 1
                    $0.data = .init(text.utf8)
                }
            ]
        }
    }
}
