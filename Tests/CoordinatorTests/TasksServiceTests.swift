import Coordinator
import Foundation
import GRPCCore
import GRPCProtobuf
import GridIdentity
import GridModel
import GridWire
import Testing

@Suite(.timeLimit(.minutes(1)))
struct TasksServiceTests {
    private static func script(_ text: String, retries: UInt32 = 0) -> Noizylab_Grid_SubmitRequest {
        var request = Noizylab_Grid_SubmitRequest()
        request.spec.command.interpreter = "sh"
        request.spec.command.script = text
        request.spec.retries = retries
        return request
    }

    private struct Seen: Sendable {
        var states: [String] = []
        var bytes = Data()
        var next: [Int64] = []
    }

    private static func watch(
        _ tasks: some Noizylab_Grid_Tasks.ClientProtocol, _ id: String, from offset: Int64 = 0
    ) async throws -> Seen {
        var request = Noizylab_Grid_WatchRequest()
        request.task = id
        request.epoch = offset > 0 ? 1 : 0
        request.offset = offset
        return try await tasks.watch(request) { response in
            var seen = Seen()
            for try await update in response.messages {
                switch update.update {
                case .task(let task): seen.states.append(task.state)
                case .output(let output):
                    for chunk in output.chunks {
                        seen.next.append(chunk.offset)
                        seen.bytes.append(chunk.data)
                    }
                default: break
                }
            }
            return seen
        }
    }

    @Test func `output is watched whole, or from any offset, and before the end is told`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                try await world.withAgents {
                    try await world.connected { client in
                        let tasks = Noizylab_Grid_Tasks.Client(wrapping: client)
                        let id = try await tasks.submit(Self.script("stream")).task.id

                        let live = try await Self.watch(tasks, id)
                        let again = try await Self.watch(tasks, id)
                        let expected = Data((1...1_000).flatMap { Array("line \($0)\n".utf8) })

                        #expect(live.bytes == expected)
                        #expect(live.states.last == "succeeded")
                        #expect(again.bytes == expected)
                        for offset in [1, 7, 4_000, expected.count - 1] {
                            let rest = try await Self.watch(tasks, id, from: Int64(offset))
                            #expect(rest.bytes == expected.dropFirst(offset))
                            #expect(rest.next.first == Int64(offset))
                        }
                        let nothing = try await Self.watch(tasks, id, from: Int64(expected.count))
                        #expect(nothing.bytes.isEmpty)
                    }
                }
            }
        }
    }

    @Test func `the output of every attempt is watched in order`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                try await world.withAgents {
                    try await world.connected { client in
                        let tasks = Noizylab_Grid_Tasks.Client(wrapping: client)
                        let id = try await tasks.submit(Self.script("fail", retries: 1)).task.id

                        let seen = try await Self.watch(tasks, id)

                        #expect(String(decoding: seen.bytes, as: UTF8.self) == "before\nbefore\n")
                        #expect(seen.states.last == "failed")
                    }
                }
            }
        }
    }

    @Test func `a living task is cancelled, an ended one is not`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                try await world.withAgents {
                    try await world.connected { client in
                        let tasks = Noizylab_Grid_Tasks.Client(wrapping: client)
                        var submit = Self.script("hang")
                        submit.key = "my-key"
                        let id = try await tasks.submit(submit).task.id
                        var cancel = Noizylab_Grid_CancelTaskRequest()
                        cancel.task = "my-key"

                        #expect(try await tasks.cancel(cancel).cancelRequested)
                        #expect(try await Self.watch(tasks, id).states.last == "cancelled")

                        let again = cancel
                        await expectCode(.failedPrecondition) { try await tasks.cancel(again) }
                        var retry = Noizylab_Grid_RetryTaskRequest()
                        retry.task = id
                        let new = try await tasks.retry(retry)
                        #expect(new.id != id)
                        cancel.task = new.id
                        _ = try await tasks.cancel(cancel)
                    }
                }
            }
        }
    }

    @Test func `a task is found by id, key or prefix, and what is ambiguous is listed`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                try await world.connected { client in
                    let tasks = Noizylab_Grid_Tasks.Client(wrapping: client)
                    var ids: [String] = []
                    for _ in 0..<40 { ids.append(try await tasks.submit(Self.script("x")).task.id) }
                    var get = Noizylab_Grid_GetTaskRequest()
                    get.task = String(ids[3].prefix(7))
                    #expect(try await tasks.get(get).id == ids[3])
                    get.task = ids[4].uppercased()
                    #expect(try await tasks.get(get).id == ids[4])

                    // More ids than first letters: some share theirs.
                    let shared = Dictionary(grouping: ids, by: { String($0.prefix(1)) }).values.first { $0.count > 1 }!
                    get.task = String(shared[0].prefix(1))
                    do {
                        _ = try await tasks.get(get)
                        Issue.record("an ambiguous prefix was answered")
                    } catch let error as RPCError {
                        #expect(error.code == .failedPrecondition)
                        #expect(shared.prefix(2).allSatisfy { error.message.contains($0) }, "\(error.message)")
                    }
                    get.task = "no such task"
                    let unknown = get
                    await expectCode(.notFound) { try await tasks.get(unknown) }
                    get.task = ""
                    let empty = get
                    await expectCode(.invalidArgument) { try await tasks.get(empty) }
                }
            }
        }
    }

    @Test func `lists are paged, newest first, and a submitter sees its own`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                let mine = try await world.connected(as: .submitter, "bob") { client in
                    let tasks = Noizylab_Grid_Tasks.Client(wrapping: client)
                    var ids: [String] = []
                    for _ in 0..<7 { ids.append(try await tasks.submit(Self.script("x")).task.id) }
                    return ids
                }
                try await world.connected(as: .submitter, "eve") { client in
                    let tasks = Noizylab_Grid_Tasks.Client(wrapping: client)
                    let own = try await tasks.submit(Self.script("y")).task.id
                    #expect(try await tasks.list(.init()).tasks.map(\.id) == [own])
                    var get = Noizylab_Grid_GetTaskRequest()
                    get.task = mine[0]
                    let others = get
                    await expectCode(.notFound) { try await tasks.get(others) }
                    var cancel = Noizylab_Grid_CancelTaskRequest()
                    cancel.task = mine[0]
                    let cancelOthers = cancel
                    await expectCode(.notFound) { try await tasks.cancel(cancelOthers) }
                }
                try await world.connected(as: .submitter, "bob") { client in
                    let tasks = Noizylab_Grid_Tasks.Client(wrapping: client)
                    var list = Noizylab_Grid_ListTasksRequest()
                    list.limit = 3
                    list.states = ["queued"]
                    var found: [String] = []
                    repeat {
                        let page = try await tasks.list(list)
                        found += page.tasks.map(\.id)
                        list.before = page.next
                    } while !list.before.isEmpty
                    #expect(found == mine.reversed())
                    list.states = ["sleeping"]
                    let wrong = list
                    await expectCode(.invalidArgument) { try await tasks.list(wrong) }
                }
            }
        }
    }

    @Test func `bad submissions of a stream are refused one by one`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder, settings: { $0.streamInFlightLimit = 3 }) { world in
                try await world.withAgents {
                    try await world.connected { client in
                        let tasks = Noizylab_Grid_Tasks.Client(wrapping: client)
                        var message = Noizylab_Grid_RunTasksRequest()
                        for ref in 1...5 {
                            var submission = Noizylab_Grid_TaskSubmission()
                            submission.ref = UInt64(ref)
                            if ref != 2 { submission.spec.echo.text = "x" }
                            if ref == 3 { submission.spec.priority = 5_000 }
                            message.submissions.append(submission)
                        }
                        let request = message
                        let results = try await tasks.runTasks(
                            requestProducer: { try await $0.write(request) },
                            onResponse: { response in
                                var results: [UInt64: Noizylab_Grid_TaskResult] = [:]
                                for try await message in response.messages {
                                    for result in message.results { results[result.ref] = result }
                                }
                                return results
                            })
                        #expect(results.count == 5)
                        #expect(results[1]?.state == "succeeded")
                        #expect(results[2]?.refusal.violations.map(\.field) == ["spec"])
                        #expect(results[3]?.refusal.violations.map(\.field) == ["spec.priority"])
                        #expect(results[4]?.refusal.code == "RESOURCE_EXHAUSTED")
                        #expect(results[5]?.refusal.reason == "STREAM_FULL")
                    }
                }
            }
        }
    }

    @Test func `a newer link of a node ends the older`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                try await world.withAgents {
                    try await world.withAgents {
                        let run = try await EchoRun.run(world, count: 50, inFlight: 10, durability: "")
                        #expect(run.refs.count == 50)
                    }
                }
            }
        }
    }
}
