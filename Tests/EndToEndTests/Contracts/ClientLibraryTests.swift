import Foundation
import NoizyClient
import Testing

/// The Swift library as a program uses it, over restarts of the coordinator.
@Suite(.lab, .serialized, .timeLimit(.minutes(2)))
struct ClientLibraryTests {
    @Test func `a task is submitted, watched and asked for`() async throws {
        try await withClient { grid in
            let task = try await grid.submit(.command("sh", "-c", "echo out; echo err >&2; exit 3"))
            var stdout: [UInt8] = []
            var stderr: [UInt8] = []
            var last: TaskStatus?
            for try await update in grid.watch(task.id) {
                switch update {
                case .status(let status): last = status
                case .stdout(let bytes, _): stdout += bytes
                case .stderr(let bytes, _): stderr += bytes
                case .progress: break
                }
            }
            #expect(String(decoding: stdout, as: UTF8.self) == "out\n")
            #expect(String(decoding: stderr, as: UTF8.self) == "err\n")
            #expect(last?.state == .failed)
            #expect(last?.exitCode == 3)
            #expect(try await grid.task(task.id) == last)
            #expect(try await grid.status().nodes.count == 3)
        }
    }

    @Test func `a watcher sees every line once, though the coordinator is killed under it`() async throws {
        let fixture = try GridFixture.current
        try await withClient { grid in
            let task = try await grid.submit(
                .command("sh", "-c", "i=0; while [ $i -lt 40 ]; do echo $i; i=$((i+1)); sleep 0.1; done"))
            var text = ""
            var isKilled = false
            for try await update in grid.watch(task.id) {
                if case .stdout(let bytes, _) = update { text += String(decoding: bytes, as: UTF8.self) }
                if !isKilled, text.contains("\n5\n") {
                    isKilled = true
                    kill(try fixture.pid(of: "coordinator"), SIGKILL)
                }
            }
            #expect(isKilled)
            #expect(text == (0..<40).map { "\($0)\n" }.joined())
        }
    }

    @Test func `many tasks run once each, though the coordinator is killed under them`() async throws {
        let fixture = try GridFixture.current
        let file = "\(fixture.scratch)/many"
        try await withClient { grid in
            let (requests, source) = AsyncStream.makeStream(of: TaskRequest.self)
            for number in 0..<300 { source.yield(.command("sh", "-c", "echo \(number) >> \(file)")) }
            source.finish()
            let results = Results()
            try await grid.run(many: requests, window: 64) { result in
                if await results.add(result) == 100 { kill(try fixture.pid(of: "coordinator"), SIGKILL) }
            }
            let all = await results.all
            #expect(all.map(\.index).sorted() == Array(0..<300))
            #expect(all.allSatisfy { $0.state == .succeeded }, "\(all.filter { $0.state != .succeeded })")
        }
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").compactMap { Int($0) }
        #expect(Set(lines) == Set(0..<300), "each of them ran")
    }

    @Test func `events come from a number on, and go on`() async throws {
        try await withClient { grid in
            let task = try await grid.submit(.echo("x"))
            var next: UInt64 = 1
            for try await event in grid.events(from: 1) {
                #expect(event.number == next)
                next += 1
                if event.task == task.id, event.kind == "task_finished" { break }
            }
        }
    }

    @Test func `what is refused says why`() async throws {
        try await withClient { grid in
            var request = TaskRequest.command("true")
            request.node = "Atlantis"
            let refused = request
            let error = await #expect(throws: GridError.self) { try await grid.submit(refused) }
            #expect(error?.code == .notFound)
            #expect(error?.reason == "UNKNOWN_NODE")
        }
    }

    private func withClient(_ body: (GridClient) async throws -> Void) async throws {
        let fixture = try GridFixture.current
        let (host, port) = try await fixture.listenAddress()
        try await GridClient.withConnection(
            to: GridEndpoint(host: host, port: port),
            credentials: GridCredentials(folder: "\(fixture.home)/pki/operator"), body)
    }

    private actor Results {
        private(set) var all: [TaskResult] = []

        func add(_ result: TaskResult) -> Int {
            all.append(result)
            return all.count
        }
    }
}
