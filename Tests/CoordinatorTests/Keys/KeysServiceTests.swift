import Coordinator
import Foundation
import GRPCCore
import GRPCProtobuf
import GridIdentity
import GridModel
import GridStore
import GridWire
import SwiftProtobuf
import Testing

/// API keys over real connections to the edge of a real coordinator.
@Suite(.timeLimit(.minutes(1)))
struct KeysServiceTests {
    private typealias Tasks = Noizylab_Grid_Tasks.Client
    private typealias Admin = Noizylab_Grid_Admin.Client

    private func withWorld(_ body: @Sendable @escaping (GridWorld) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                try await world.withAgents(["HP-OMEN", "Mac-Pro"]) { try await body(world) }
            }
        }
    }

    private static func echo(_ node: String = "", key: String = "") -> Noizylab_Grid_SubmitRequest {
        var request = Noizylab_Grid_SubmitRequest()
        request.spec.echo.text = "hi"
        request.spec.node = node
        request.key = key
        return request
    }

    @Test func `a key runs a task on the edge, and the task bears its name`() async throws {
        try await withWorld { world in
            let key = try await world.makeKey()
            try await world.onEdge { client in
                let task = try await Tasks(wrapping: client).submit(Self.echo(), metadata: .bearing(key)).task
                #expect(task.spec.submitter == "key:ci")
            }
            #expect(try await world.listKeys().map(\.lastUsedAtUs).allSatisfy { $0 > 0 })
        }
    }

    @Test func `whoever shows no living key gets nothing, and all hear the same`() async throws {
        try await withWorld { world in
            let (good, revoked) = (try await world.makeKey("good"), try await world.makeKey("gone"))
            try await world.revokeKey("gone")
            let other = String(good.dropLast()) + (good.last == "a" ? "b" : "a")
            let unknown = APIKey.make().text
            try await world.onEdge { client in
                var told: Set<String> = []
                for header in [revoked, other, unknown, "", "nzk1", good + "a"].map({ "Bearer \($0)" }) + ["Basic eDp5"]
                {
                    do {
                        _ = try await Tasks(wrapping: client).list(.init(), metadata: ["authorization": "\(header)"])
                        Issue.record("\(header.prefix(12)) was let in")
                    } catch let error as RPCError {
                        #expect(error.code == .unauthenticated)
                        told.insert(error.message)
                    }
                }
                #expect(told.count == 1, "a stranger learns nothing of which keys there are: \(told)")
                let none = await statusCode { _ = try await Tasks(wrapping: client).list(.init()) }
                #expect(none == .unauthenticated)
            }
        }
    }

    @Test(arguments: ["viewer", "submitter", "operator"])
    func `each role of a key reaches what it may and nothing else`(role: String) async throws {
        try await withWorld { world in
            let key = try await world.makeKey { $0.role = role }
            try await world.onEdge { client in
                let (tasks, admin) = (Tasks(wrapping: client), Admin(wrapping: client))
                let legacy = Noizylab_Grid_NoizyGridRPC.Client(wrapping: client)
                let metadata = Metadata.bearing(key)
                var cordon = Noizylab_Grid_SetSchedulabilityRequest()
                cordon.node = "HP-OMEN"
                cordon.schedulability = "open"
                let (wish, echo) = (cordon, Self.echo())
                var legacyEcho = Noizylab_Grid_ExecuteTaskRequest()
                legacyEcho.taskType = "echo"
                legacyEcho.payload = "hi"
                let execute = legacyEcho
                let (runs, manages) = (role != "viewer", role == "operator")
                for (name, isAllowed, call) in [
                    ("list", true, { _ = try await tasks.list(.init(), metadata: metadata) }),
                    ("status", true, { _ = try await admin.status(.init(), metadata: metadata) }),
                    ("inventory", true, { _ = try await legacy.getNetworkInventory(.init(), metadata: metadata) }),
                    ("submit", runs, { _ = try await tasks.submit(echo, metadata: metadata) }),
                    ("execute", runs, { _ = try await legacy.executeTask(execute, metadata: metadata) }),
                    ("cordon", manages, { _ = try await admin.setSchedulability(wish, metadata: metadata) }),
                    ("token", false, { _ = try await admin.createToken(.init(), metadata: metadata) }),
                    ("certificate", false, { _ = try await admin.issueCertificate(.init(), metadata: metadata) }),
                ] as [(String, Bool, () async throws -> Void)] {
                    #expect(await statusCode(call) == (isAllowed ? nil : .permissionDenied), "\(name) as \(role)")
                }
                // Keys are made, listed and revoked by certificates alone.
                let keys = Noizylab_Grid_Keys.Client(wrapping: client)
                for call in [
                    { _ = try await keys.listKeys(.init(), metadata: metadata) },
                    { _ = try await keys.createKey(.with { $0.name = "more" }, metadata: metadata) },
                    { _ = try await keys.revokeKey(.with { $0.key = "ci" }, metadata: metadata) },
                ] as [() async throws -> Void] {
                    #expect(await statusCode(call) == .permissionDenied)
                }
            }
        }
    }

    @Test func `permissions narrow a role`() async throws {
        try await withWorld { world in
            let key = try await world.makeKey { $0.permissions = ["viewTasks"] }
            try await world.onEdge { client in
                let metadata = Metadata.bearing(key)
                _ = try await Tasks(wrapping: client).list(.init(), metadata: metadata)
                let submit = await statusCode {
                    _ = try await Tasks(wrapping: client).submit(Self.echo(), metadata: metadata)
                }
                let status = await statusCode {
                    _ = try await Admin(wrapping: client).status(.init(), metadata: metadata)
                }
                #expect(submit == .permissionDenied && status == .permissionDenied)
            }
        }
    }

    @Test func `a key is bound to its nodes and types, on every way in`() async throws {
        try await withWorld { world in
            let key = try await world.makeKey {
                $0.role = "operator"
                $0.nodes = ["HP-*"]
                $0.types = ["echo"]
            }
            let others = try await world.connected { client in
                try await Tasks(wrapping: client).submit(Self.echo("Mac-Pro", key: "theirs")).task.id
            }
            try await world.onEdge { client in
                let (tasks, metadata) = (Tasks(wrapping: client), Metadata.bearing(key))
                let healing = Noizylab_Grid_Healing.Client(wrapping: client)
                let placement = Noizylab_Grid_Placement.Client(wrapping: client)
                _ = try await tasks.submit(Self.echo("HP-OMEN"), metadata: metadata)
                var script = Noizylab_Grid_SubmitRequest()
                script.spec.command.interpreter = "sh"
                script.spec.command.script = "true"
                script.spec.node = "HP-OMEN"
                let shell = script
                var cordon = Noizylab_Grid_SetSchedulabilityRequest()
                cordon.node = "Mac-Pro"
                cordon.schedulability = "cordoned"
                let wish = cordon
                var legacyEcho = Noizylab_Grid_ExecuteTaskRequest()
                legacyEcho.taskType = "echo"
                legacyEcho.payload = "hi"
                let execute = legacyEcho
                for (name, call) in [
                    ("anywhere", { _ = try await tasks.submit(Self.echo(), metadata: metadata) }),
                    ("elsewhere", { _ = try await tasks.submit(Self.echo("Mac-Pro"), metadata: metadata) }),
                    ("another type", { _ = try await tasks.submit(shell, metadata: metadata) }),
                    ("retry", { _ = try await tasks.retry(.with { $0.task = others }, metadata: metadata) }),
                    ("cancel", { _ = try await tasks.cancel(.with { $0.task = others }, metadata: metadata) }),
                    (
                        "another's node",
                        {
                            _ = try await Admin(wrapping: client).setSchedulability(wish, metadata: metadata)
                        }
                    ),
                    ("drain", { _ = try await healing.drainNode(.with { $0.node = "Mac-Pro" }, metadata: metadata) }),
                    (
                        "release",
                        { _ = try await healing.releaseNode(.with { $0.node = "Mac-Pro" }, metadata: metadata) }
                    ),
                    (
                        "plan",
                        {
                            let plan = Noizylab_Grid_PlanRequest.with { $0.spec = Self.echo("Mac-Pro").spec }
                            _ = try await placement.plan(plan, metadata: metadata)
                        }
                    ),
                    (
                        "by the older contract",
                        {
                            _ = try await Noizylab_Grid_NoizyGridRPC.Client(wrapping: client)
                                .executeTask(execute, metadata: metadata)
                        }
                    ),
                ] as [(String, () async throws -> Void)] {
                    #expect(await statusCode(call) == .permissionDenied, "\(name)")
                }
                let reasons = try await tasks.runTasks(
                    metadata: metadata,
                    requestProducer: { writer in
                        try await writer.write(
                            .with { message in
                                message.submissions = ["HP-OMEN", "", "Mac-Pro"].enumerated().map { index, node in
                                    .with {
                                        $0.ref = UInt64(index)
                                        $0.spec = Self.echo(node).spec
                                    }
                                }
                            })
                    },
                    onResponse: { response in
                        var reasons: [UInt64: String] = [:]
                        for try await message in response.messages {
                            for result in message.results { reasons[result.ref] = result.refusal.reason }
                        }
                        return reasons
                    })
                #expect(reasons == [0: "", 1: "KEY_NODE", 2: "KEY_NODE"])
            }
        }
    }

    @Test func `a submitter's key sees its own tasks alone`() async throws {
        try await withWorld { world in
            let key = try await world.makeKey()
            let theirs = try await world.connected { client in
                try await Tasks(wrapping: client).submit(Self.echo(key: "theirs")).task.id
            }
            try await world.onEdge { client in
                let (tasks, metadata) = (Tasks(wrapping: client), Metadata.bearing(key))
                let mine = try await tasks.submit(Self.echo(key: "mine"), metadata: metadata).task.id
                #expect(try await tasks.list(.init(), metadata: metadata).tasks.map(\.id) == [mine])
                let look = await statusCode { _ = try await tasks.get(.with { $0.task = theirs }, metadata: metadata) }
                #expect(look == .notFound)
            }
        }
    }

    @Test func `a key's rate counts calls and tasks alike`() async throws {
        try await withWorld { world in
            let key = try await world.makeKey { $0.rate = "5/h" }
            try await world.onEdge { client in
                let (tasks, metadata) = (Tasks(wrapping: client), Metadata.bearing(key))
                for _ in 0..<2 { _ = try await tasks.list(.init(), metadata: metadata) }
                for _ in 0..<3 { _ = try await tasks.submit(Self.echo(), metadata: metadata) }
                for call in [
                    { _ = try await tasks.list(.init(), metadata: metadata) },
                    { _ = try await tasks.submit(Self.echo(), metadata: metadata) },
                ] as [() async throws -> Void] {
                    do {
                        try await call()
                        Issue.record("the sixth of five was let in")
                    } catch let error as RPCError {
                        #expect(error.code == .resourceExhausted)
                        let details = try error.unpackGoogleRPCStatus()?.details ?? []
                        let delay = try #require(details.lazy.compactMap(\.retryInfo).first?.delay)
                        #expect(delay > .seconds(600) && delay <= .seconds(720))
                    }
                }
            }
        }
    }

    @Test(arguments: ["revoked", "expired"])
    func `a key that ends takes its open streams with it`(how: String) async throws {
        try await withWorld { world in
            let key = try await world.makeKey { if how == "expired" { $0.ttlSeconds = 10 } }
            try await world.onEdge { client in
                let (tasks, metadata) = (Tasks(wrapping: client), Metadata.bearing(key))
                var hang = Noizylab_Grid_SubmitRequest()
                hang.spec.command.interpreter = "sh"
                hang.spec.command.script = "hang"
                let id = try await tasks.submit(hang, metadata: metadata).task.id
                let begun = AsyncStream.makeStream(of: Void.self)
                let ended = try await withThrowingTaskGroup(of: RPCError.Code?.self) { group in
                    group.addTask {
                        await statusCode {
                            try await tasks.watch(.with { $0.task = id }, metadata: metadata) { response in
                                for try await _ in response.messages { begun.continuation.yield() }
                            }
                        }
                    }
                    // A stream of submissions that waits for its next one.
                    group.addTask {
                        await statusCode {
                            try await tasks.runTasks(
                                metadata: metadata,
                                requestProducer: { writer in
                                    try await writer.write(
                                        .with { $0.submissions = [.with { $0.spec = Self.echo().spec }] })
                                    for await _ in AsyncStream<Never>.makeStream().stream {}
                                },
                                onResponse: { response in
                                    for try await _ in response.messages { begun.continuation.yield() }
                                })
                        }
                    }
                    var starts = begun.stream.makeAsyncIterator()
                    for _ in 0..<2 { await starts.next() }
                    let asked = ContinuousClock.now
                    if how == "revoked" { try await world.revokeKey("ci") }
                    var codes: [RPCError.Code?] = []
                    for try await code in group { codes.append(code) }
                    // Within a second where nothing else runs; a hundred tests run beside this one.
                    if how == "revoked" { #expect(ContinuousClock.now - asked < .seconds(10)) }
                    return codes
                }
                #expect(ended == [.unauthenticated, .unauthenticated])
                let after = await statusCode { _ = try await tasks.list(.init(), metadata: metadata) }
                #expect(after == .unauthenticated)
            }
        }
    }

    @Test func `keys outlive the coordinator, and so do their revocations`() async throws {
        try await withTemporaryFolder { folder in
            let keys = try await GridWorld.run(in: folder) { world in
                let keys = [try await world.makeKey("kept"), try await world.makeKey("gone")]
                try await world.revokeKey("gone")
                try await world.onEdge { client in
                    _ = try await Tasks(wrapping: client).list(.init(), metadata: .bearing(keys[0]))
                }
                return keys
            }
            try await GridWorld.run(in: folder) { world in
                try await world.onEdge { client in
                    _ = try await Tasks(wrapping: client).list(.init(), metadata: .bearing(keys[0]))
                    let gone = await statusCode {
                        _ = try await Tasks(wrapping: client).list(.init(), metadata: .bearing(keys[1]))
                    }
                    #expect(gone == .unauthenticated)
                }
                let listed = try await world.listKeys(all: true)
                #expect(listed.map(\.name) == ["kept", "gone"])
                #expect(listed.map(\.state) == ["active", "revoked"])
                #expect(listed[0].lastUsedAtUs > 0)
            }
            // Nothing of a key's secret is on disk.
            let store = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/store")
            for name in store where name.hasPrefix("grid.sqlite") {
                let bytes = FileManager.default.contents(atPath: "\(folder)/store/\(name)") ?? Data()
                for key in keys { #expect(bytes.range(of: Data(key.suffix(52).utf8)) == nil) }
            }
        }
    }

    @Test func `a key can be revoked by itself, and its secret is noted nowhere`() async throws {
        try await withTemporaryFolder { folder in
            let keys = try await GridWorld.run(in: folder) { world in
                let keys = [try await world.makeKey("leaked"), APIKey.make().text]
                try await world.revokeKey(keys[0])
                do {
                    try await world.revokeKey(keys[1])
                    Issue.record("a key that is not here was revoked")
                } catch let error as RPCError {
                    #expect(error.code == .notFound)
                    #expect(!error.message.contains(keys[1].suffix(52).prefix(16)))
                }
                #expect(try await world.listKeys(all: true).map(\.state) == ["revoked"])
                return keys
            }
            let audit = try AuditStore(folder: "\(folder)/store")
            let noted = try audit.records(from: 0, limit: 100).filter { $0.entry.what.hasSuffix("RevokeKey") }
            #expect(noted.map(\.entry.subject) == ["key=leaked", ""])
            try audit.close()
            for name in try FileManager.default.contentsOfDirectory(atPath: "\(folder)/store") {
                let bytes = FileManager.default.contents(atPath: "\(folder)/store/\(name)") ?? Data()
                for key in keys { #expect(bytes.range(of: Data(key.suffix(52).prefix(16).utf8)) == nil, "\(name)") }
            }
        }
    }

    @Test func `lists that are too long are named, and nothing else is`() async throws {
        try await withWorld { world in
            do {
                _ = try await world.makeKey {
                    $0.permissions = Array(repeating: "fly", count: 10_000)
                    $0.types = Array(repeating: "echo", count: 65)
                }
                Issue.record("it was made")
            } catch let error as RPCError {
                let details = try error.unpackGoogleRPCStatus()?.details ?? []
                let fields = details.lazy.compactMap(\.badRequest).first?.violations.map(\.field) ?? []
                #expect(fields == ["permissions", "types"])
            }
        }
    }

    @Test func `what is wrong with a key is said at once, and names are not taken twice`() async throws {
        try await withWorld { world in
            do {
                _ = try await world.makeKey("a b") {
                    $0.role = "king"
                    $0.permissions = ["manageNodes"]
                    $0.nodes = ["a b"]
                    $0.types = ["telepathy"]
                    $0.rate = "fast"
                }
                Issue.record("it was made")
            } catch let error as RPCError {
                let details = try error.unpackGoogleRPCStatus()?.details ?? []
                let fields = details.lazy.compactMap(\.badRequest).first?.violations.map(\.field) ?? []
                #expect(Set(fields) == ["role", "permissions", "nodes", "types", "rate"])
            }
            _ = try await world.makeKey()
            #expect(await statusCode { _ = try await world.makeKey() } == .alreadyExists)
            try await world.revokeKey("ci")
            _ = try await world.makeKey()
            #expect(await statusCode { try await world.revokeKey("nobody") } == .notFound)
            for (role, expected) in [
                (PeerRole.submitter, RPCError.Code.permissionDenied), (.viewer, .permissionDenied),
            ] {
                let denied = await statusCode {
                    _ = try await world.connected(as: role) { client in
                        try await Noizylab_Grid_Keys.Client(wrapping: client).listKeys(.init())
                    }
                }
                #expect(denied == expected)
            }
        }
    }
}
