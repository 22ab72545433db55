import Coordinator
import Foundation
import GRPCCore
import GridIdentity
import GridModel
import GridStore
import GridWire
import SwiftProtobuf
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct AuditTests {
    private static func records(_ client: GridWorld.Client) async throws -> [AuditRecord] {
        try await Noizylab_Grid_Audit.Client(wrapping: client).readAudit(.init()) { response in
            var records: [AuditRecord] = []
            var verifier: AuditVerifier?
            for try await page in response.messages {
                if verifier == nil {
                    verifier = AuditVerifier(start: page.start.model, noted: page.hasNoted ? page.noted.model : nil)
                }
                for record in page.records {
                    verifier?.take(record.model)
                    records.append(record.model)
                }
            }
            let fault = verifier?.finish()
            #expect(fault == nil)
            return records
        }
    }

    @Test func `a change is in the audit when its answer comes, with who, from where and what`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                try await world.connected(as: .operator, "ann") { client in
                    let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
                    var request = ClientRequest(message: Noizylab_Grid_CreateTokenRequest.with { $0.name = "Mac-Pro" })
                    request.metadata.addString(header, forKey: "traceparent")
                    let token = try await Noizylab_Grid_Admin.Client(wrapping: client).createToken(request: request) {
                        try $0.message.token
                    }

                    let records = try await Self.records(client)
                    let record = try #require(records.first { $0.entry.what == "noizylab.grid.Admin/CreateToken" })
                    #expect(record.entry.who == "spiffe://TESTGRID/operator/ann")
                    #expect(record.entry.from == "127.0.0.1")
                    #expect(record.entry.subject == "node=Mac-Pro")
                    #expect(record.entry.outcome == "OK")
                    #expect(record.entry.trace == "4bf92f3577b34da6a3ce929d0e0e4736")
                    #expect(!"\(records)".contains(token))
                }
            }
        }
    }

    @Test func `a flood of denials is a few records with their count`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                try await world.connected(as: .viewer, "eve") { client in
                    let admin = Noizylab_Grid_Admin.Client(wrapping: client)
                    for _ in 0..<40 { await expectCode(.permissionDenied) { try await admin.createToken(.init()) } }
                }
            }
            // Stopped: what was counted is written.
            let store = try AuditStore(folder: folder + "/store")
            let denials = try store.records(from: 0, limit: 100).map(\.entry).filter {
                $0.outcome == "PERMISSION_DENIED"
            }
            // A slow machine may take longer over them than one record covers.
            #expect(denials.first?.count == 1 && denials.map(\.count).reduce(0, +) == 40)
            #expect(denials.count <= 4)
            #expect(Set(denials.map(\.who)) == ["spiffe://TESTGRID/viewer/eve"])
            #expect(Set(denials.map(\.reason)) == ["ROLE_NOT_ALLOWED"])
            try store.close()
        }
    }

    @Test func `submitted tasks are counted, over streams and one by one`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                try await world.withAgents {
                    _ = try await EchoRun.run(world, count: 300, inFlight: 50, durability: "ephemeral")
                    try await world.connected(as: .submitter, "bob") { client in
                        var submit = Noizylab_Grid_SubmitRequest()
                        submit.spec.echo.text = "x"
                        _ = try await Noizylab_Grid_Tasks.Client(wrapping: client).submit(submit)
                    }
                }
            }
            let store = try AuditStore(folder: folder + "/store")
            let entries = try store.records(from: 0, limit: 1_000).map(\.entry)
            func count(_ what: String) -> Int64 {
                entries.filter { $0.what == "noizylab.grid.Tasks/\(what)" && $0.outcome == "OK" }.reduce(0) {
                    $0 + $1.count
                }
            }
            #expect(count("RunTasks") == 300)
            #expect(count("Submit") == 1)
            try store.close()
        }
    }

    @Test func `an end that was cut off is seen at the next start, and stays seen`() async throws {
        try await withTemporaryFolder { folder in
            for _ in 0..<2 {
                try await GridWorld.run(in: folder) { world in
                    try await world.connected { client in
                        _ = try await Noizylab_Grid_Admin.Client(wrapping: client).createToken(.init())
                    }
                }
            }
            // As somebody would who wants the newest record gone.
            let note = folder + "/store/audit.head"
            let noted = try String(contentsOfFile: note, encoding: .utf8).split(separator: " ")
            let number = try #require(UInt64(noted[0]))
            try "\(number + 3) \(noted[1])".write(toFile: note, atomically: true, encoding: .utf8)

            try await GridWorld.run(in: folder) { world in
                try await world.connected { client in
                    while true {
                        let broken = try await Self.records(client).filter { $0.entry.outcome == "BROKEN" }
                        if broken.isEmpty { continue }
                        #expect(
                            broken.map(\.entry.subject) == [
                                "it ends at record \(number), but had gone on to \(number + 3)"
                            ])
                        return
                    }
                }
            }
        }
    }

    @Test func `while the audit cannot be written nothing is changed, and reading goes on`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                try await world.connected { client in
                    let admin = Noizylab_Grid_Admin.Client(wrapping: client)
                    _ = try await admin.createToken(.init())
                    // A file that cannot be replaced: its place is taken by a folder.
                    let note = folder + "/store/audit.head"
                    try FileManager.default.removeItem(atPath: note)
                    try FileManager.default.createDirectory(atPath: note + "/taken", withIntermediateDirectories: true)

                    // The one that finds it out was made already, and is in the chain.
                    _ = try await admin.createToken(.init())
                    await expectCode(.unavailable) { try await admin.createToken(.init()) }
                    _ = try await admin.listNodes(.init())

                    try FileManager.default.removeItem(atPath: note)
                    try await eventually("changes are made again") {
                        (try? await admin.createToken(.init())) != nil
                    }
                    let made = try await Self.records(client).filter { $0.entry.what.hasSuffix("CreateToken") }
                    let outcomes = made.map(\.entry.outcome)
                    #expect(outcomes.count { $0 == "OK" } == 3, "\(outcomes)")
                }
            }
        }
    }

    @Test func `only operators read it`() async throws {
        try await withTemporaryFolder { folder in
            try await GridWorld.run(in: folder) { world in
                try await world.connected(as: .viewer, "eve") { client in
                    await expectCode(.permissionDenied) { try await Self.records(client) }
                }
            }
        }
    }
}
