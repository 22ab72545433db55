import Coordinator
import GRPCCore
import GRPCProtobuf
import GridIdentity
import GridModel
import GridWire
import Testing

@Suite(.timeLimit(.minutes(1)))
struct AdminServiceTests {
    @Test func `a token lets one machine in, once, under its own name`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                let token = try await world.connected { client in
                    var request = Noizylab_Grid_CreateTokenRequest()
                    request.name = "Mac-Pro"
                    return try await Noizylab_Grid_Admin.Client(wrapping: client).createToken(request).token
                }

                await expectCode(.permissionDenied) { try await world.join(token: token, name: "Other") }
                await expectCode(.invalidArgument) {
                    try await world.join(token: token, name: "Mac-Pro", request: "no request")
                }
                await expectCode(.permissionDenied) { try await world.join(token: "nonsense", name: "Mac-Pro") }
                let joined = try await world.join(token: token, name: "Mac-Pro")
                await expectCode(.permissionDenied) { try await world.join(token: token, name: "Mac-Pro") }

                #expect(joined.cluster == GridWorld.cluster)
                #expect(joined.authority == world.identities.authority.trust.pem)
                #expect(joined.certificate.contains("BEGIN CERTIFICATE"))
                #expect(joined.listen.hasSuffix(":\(world.port)"))
            }
        }
    }

    @Test func `of many who use one token at once one comes in`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                let token = try await world.connected { client in
                    try await Noizylab_Grid_Admin.Client(wrapping: client).createToken(.init()).token
                }
                let joined = await withTaskGroup(of: Bool.self) { group in
                    for number in 0..<8 {
                        group.addTask { (try? await world.join(token: token, name: "node-\(number)")) != nil }
                    }
                    return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                #expect(joined == 1)
            }
        }
    }

    @Test func `events come from the log and then live, without gap or repeat`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                try await world.withAgents {
                    _ = try await EchoRun.run(world, count: 300, inFlight: 50, durability: "")
                    try await withThrowingTaskGroup(of: [UInt64].self) { group in
                        group.addTask {
                            try await world.connected { client in
                                var request = Noizylab_Grid_EventsRequest()
                                request.from = 1
                                request.follow = true
                                return try await Noizylab_Grid_Admin.Client(wrapping: client).events(request) {
                                    var numbers: [UInt64] = []
                                    for try await message in $0.messages {
                                        numbers += message.events.map(\.number)
                                        if numbers.count >= 2_000 { break }
                                    }
                                    return numbers
                                }
                            }
                        }
                        _ = try await EchoRun.run(world, count: 400, inFlight: 50, durability: "")
                        let numbers = try #require(try await group.next())
                        #expect(numbers == (1...UInt64(numbers.count)).map { $0 })
                    }
                }
            }
        }
    }

    @Test func `a cordoned node is given nothing until it is open again`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                try await world.withAgents {
                    try await world.connected { client in
                        let admin = Noizylab_Grid_Admin.Client(wrapping: client)
                        let tasks = Noizylab_Grid_Tasks.Client(wrapping: client)
                        var change = Noizylab_Grid_SetSchedulabilityRequest()
                        change.node = "HP-OMEN"
                        change.schedulability = "cordoned"
                        #expect(try await admin.setSchedulability(change).schedulability == "cordoned")
                        var submit = Noizylab_Grid_SubmitRequest()
                        submit.spec.echo.text = "x"
                        let id = try await tasks.submit(submit).task.id
                        var get = Noizylab_Grid_GetTaskRequest()
                        get.task = id
                        #expect(try await tasks.get(get).state == "queued")

                        change.schedulability = "open"
                        _ = try await admin.setSchedulability(change)
                        var watch = Noizylab_Grid_WatchRequest()
                        watch.task = id
                        let last = try await tasks.watch(watch) { response in
                            var last = ""
                            for try await update in response.messages where update.task.state != "" {
                                last = update.task.state
                            }
                            return last
                        }
                        #expect(last == "succeeded")

                        change.node = "Atlantis"
                        let unknown = change
                        await expectCode(.notFound) { try await admin.setSchedulability(unknown) }
                        change.schedulability = "sleeping"
                        let wrong = change
                        await expectCode(.invalidArgument) { try await admin.setSchedulability(wrong) }
                    }
                }
            }
        }
    }

    @Test func `status tells of nodes and tasks`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                try await world.withAgents(["HP-OMEN", "Mac-Pro"]) {
                    _ = try await EchoRun.run(world, count: 20, inFlight: 5, durability: "")
                    try await world.connected(as: .viewer) { client in
                        let status = try await Noizylab_Grid_Admin.Client(wrapping: client).status(.init())
                        #expect(status.cluster == GridWorld.cluster)
                        #expect(status.state == "ready")
                        #expect(status.listen == "127.0.0.1:\(world.port)")
                        #expect(status.nodes.map(\.name) == ["HP-OMEN", "Mac-Pro"])
                        #expect(status.nodes.allSatisfy { $0.state == "online" && $0.inventory.cores == 8 })
                        #expect(status.nodes.allSatisfy { $0.labels == ["zone": "attic"] })
                        #expect(status.nodes.allSatisfy { $0.inventory.custom == ["licence": 1] })
                        #expect(status.tasks["succeeded"] == 20)
                    }
                }
            }
        }
    }
}

/// Checks that a call ends with this status.
func expectCode<Value>(
    _ code: RPCError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ call: () async throws -> Value
) async {
    do {
        let value = try await call()
        Issue.record("answered \(value)", sourceLocation: sourceLocation)
    } catch {
        #expect((error as? RPCError)?.code == code, "\(error)", sourceLocation: sourceLocation)
    }
}
