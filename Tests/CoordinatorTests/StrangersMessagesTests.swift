import Coordinator
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GridIdentity
import GridModel
import GridTransport
import GridWire
import SwiftProtobuf
import TestSupport
import Testing

/// Damaged messages over real connections: seeded, bounded; each is refused or means something, the coordinator goes on,
/// and nothing is applied by half.
@Suite(.timeLimit(.minutes(2)))
struct StrangersMessagesTests {
    private typealias Tasks = Noizylab_Grid_Tasks.Client

    private func withWorld(_ body: @Sendable @escaping (GridWorld) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in try await world.withAgents { try await body(world) } }
        }
    }

    /// That it still works, and that it keeps what it says it keeps.
    private static func expectHealthy(_ world: GridWorld) async throws {
        try await world.connected { client in
            let tasks = Tasks(wrapping: client)
            let task = try await tasks.submit(.with { $0.spec.echo.text = "healthy" }).task
            #expect(try await tasks.get(.with { $0.task = task.id }).id == task.id)
        }
    }

    @Test func `fuzz: damaged headers let nobody in`() async throws {
        let seed = SeededChance.announced(for: "authorization headers")
        try await withWorld { world in
            var random = seed
            let key = try await world.makeKey()
            let good = Array("Bearer \(key)".utf8)
            var headers: [String] = []
            while headers.count < 1_000 {
                let damaged = random.damaged(good)
                // What HTTP/2 cannot carry never leaves the client; the case of the scheme's letters is free.
                guard damaged.allSatisfy({ (0x20...0x7E).contains($0) }), damaged.last != 0x20 else { continue }
                let text = String(decoding: damaged, as: UTF8.self)
                if text.lowercased() != "bearer \(key)" { headers.append(text) }
            }
            let wanted = headers
            try await world.onEdge { client in
                for header in wanted {
                    let code = await statusCode {
                        _ = try await Tasks(wrapping: client).list(.init(), metadata: ["authorization": "\(header)"])
                    }
                    #expect(code == .unauthenticated || code == .resourceExhausted, "\(header)")
                }
            }
            try await Self.expectHealthy(world)
        }
    }

    @Test func `fuzz: damaged enrolments make no node`() async throws {
        let seed = SeededChance.announced(for: "enrolment requests")
        try await withWorld { world in
            var random = seed
            let token = JoinToken.make(authorityKeyHash: world.identities.authority.keyHash)
            var join = Noizylab_Grid_JoinRequest()
            join.token = token.text
            join.name = "Node-9"
            join.signingRequest = try SigningKey.make().signingRequest()
            let bytes = [UInt8](try join.serializedBytes() as Data)
            var joins: [Noizylab_Grid_JoinRequest] = []
            while joins.count < 60 {
                if let damaged = try? Noizylab_Grid_JoinRequest(serializedBytes: Data(random.damaged(bytes))) {
                    joins.append(damaged)
                }
            }
            let wanted = joins
            try await world.onEdge { client in
                try await withThrowingTaskGroup(of: RPCError.Code?.self) { group in
                    for join in wanted {
                        group.addTask {
                            await statusCode {
                                _ = try await Noizylab_Grid_Enrolment.Client(wrapping: client).join(join)
                            }
                        }
                    }
                    // The token is one that was never given out, so every single one must fail.
                    for try await code in group {
                        #expect([.permissionDenied, .invalidArgument, .resourceExhausted].contains(code))
                    }
                }
            }
            try await Self.expectHealthy(world)
        }
    }

    @Test func `fuzz: damaged batches of tasks are answered one by one`() async throws {
        let seed = SeededChance.announced(for: "RunTasks requests")
        try await withWorld { world in
            var random = seed
            var whole = Noizylab_Grid_RunTasksRequest()
            whole.submissions = [
                .with {
                    $0.ref = 1
                    $0.spec.echo.text = "x"
                    $0.spec.metadata = ["a": "b"]
                    $0.spec.resources.cpuMillis = 100
                },
                .with {
                    $0.ref = 2
                    $0.spec.command.interpreter = "sh"
                    $0.spec.command.script = "fail"
                    $0.spec.node = "HP-OMEN"
                    $0.spec.retries = 1
                    $0.spec.envelope = Data(repeating: 7, count: 40)
                },
                .with {
                    $0.ref = 3
                    $0.spec.network.kind = "ping"
                    $0.spec.network.host = "localhost"
                    $0.spec.priority = -3
                },
            ]
            let bytes = [UInt8](try whole.serializedBytes() as Data)
            var batches: [Noizylab_Grid_RunTasksRequest] = []
            var next: UInt64 = 1
            while batches.count < 600 {
                guard var batch = try? Noizylab_Grid_RunTasksRequest(serializedBytes: Data(random.damaged(bytes)))
                else {
                    continue
                }
                // Numbered anew, so that each answer can be told; what never ends would only make the test wait.
                for index in batch.submissions.indices {
                    batch.submissions[index].ref = next
                    batch.submissions[index].key = ""
                    batch.submissions[index].spec.queueTimeoutMs = min(
                        max(batch.submissions[index].spec.queueTimeoutMs, 1), 100)
                    if batch.submissions[index].spec.command.script == "hang" { batch.submissions[index].clearSpec() }
                    batch.submissions[index].spec.retries = min(batch.submissions[index].spec.retries, 1)
                    next += 1
                }
                batches.append(batch)
            }
            let (wanted, count) = (batches, next - 1)
            let answered = try await world.connected { client in
                try await Tasks(wrapping: client).runTasks(
                    requestProducer: { writer in for batch in wanted { try await writer.write(batch) } },
                    onResponse: { response in
                        var answered: [UInt64] = []
                        for try await message in response.messages {
                            for result in message.results {
                                answered.append(result.ref)
                                #expect(result.hasRefusal || TaskState(rawValue: result.state)?.isTerminal == true)
                            }
                        }
                        return answered
                    })
            }
            #expect(answered.sorted() == Array(1...count), "each is answered once")
            try await Self.expectHealthy(world)
        }
    }

    @Test func `fuzz: an agent that talks nonsense harms nobody but itself`() async throws {
        let seed = SeededChance.announced(for: "an agent's messages")
        try await withWorld { world in
            var random = seed
            var hello = Noizylab_Grid_FromAgent()
            hello.hello.role = "compute"
            hello.hello.instance = 7
            hello.hello.attempts = [
                .with {
                    $0.task = 900; $0.epoch = 1
                }
            ]
            var news = Noizylab_Grid_FromAgent()
            news.heartbeatNumber = 3
            news.heartbeat.cpuPercent = 4
            news.output = [
                .with {
                    $0.task = 901
                    $0.epoch = 1
                    $0.chunks = [
                        .with {
                            $0.stream = 1; $0.data = Data("hello".utf8)
                        }
                    ]
                }
            ]
            news.reports = [
                .with {
                    $0.task = 902; $0.epoch = 1; $0.started = true
                },
                .with {
                    $0.task = 903; $0.epoch = 2; $0.finished.end = "succeeded"; $0.finished.attestation = Data([1])
                },
            ]
            let (first, then) = (
                [UInt8](try hello.serializedBytes() as Data), [UInt8](try news.serializedBytes() as Data)
            )
            for _ in 0..<60 {
                var messages: [Noizylab_Grid_FromAgent] = []
                let opening = Bool.random(using: &random) ? first : random.damaged(first)
                for bytes in [opening] + (0..<10).map({ _ in random.damaged(then) }) {
                    if let message = try? Noizylab_Grid_FromAgent(serializedBytes: Data(bytes)) {
                        messages.append(message)
                    }
                }
                try await Self.talk(messages, in: world)
            }
            // The nodes that behave are as they were, and so is what they run.
            try await world.waitUntilOnline(["HP-OMEN"])
            try await Self.expectHealthy(world)
            try await world.connected { client in
                try await eventually("an agent's word alone makes no task: all that there are succeed") {
                    try await Tasks(wrapping: client).list(.init()).tasks.allSatisfy { $0.state == "succeeded" }
                }
            }
        }
    }

    /// As an agent with a certificate of its own; however the link ends is right.
    private static func talk(_ messages: [Noizylab_Grid_FromAgent], in world: GridWorld) async throws {
        let transport = try Transports.client(
            host: "127.0.0.1", port: world.port, credentials: try world.credentials(.agent, "Liar"),
            cluster: GridWorld.cluster, loops: world.loops)
        try await withGRPCClient(transport: transport) { client in
            _ = await statusCode {
                try await Noizylab_Grid_AgentLink.Client(wrapping: client).connect { writer in
                    for message in messages { try await writer.write(message) }
                } onResponse: { response in
                    for try await _ in response.messages {}
                }
            }
        }
    }
}
