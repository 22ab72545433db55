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

/// Certificates and authorities that change while both sides run, clocks that are wrong, and keys that are revoked.
@Suite(.timeLimit(.minutes(1))) struct RenewalTests {
    @Test func `a listener takes a new certificate, and a stream that is open goes on`() async throws {
        try await LoopbackGrid.with { grid in
            let files = try grid.files(.coordinator, "first")
            try await grid.serving(files) { port, server in
                let mine = try grid.files(.agent)
                let transport = try Transports.client(
                    host: "127.0.0.1", port: port, credentials: mine, loops: grid.loops)
                try await grid.withClient(transport) { client in
                    try await Noizylab_Grid_AgentLink.Client(wrapping: client).connect { writer in
                        try await writer.write(.with { $0.heartbeatNumber = 1 })
                        let second = try grid.files(.coordinator, "second")
                        try server.reload(second)
                        for number in 2...50 { try await writer.write(.with { $0.heartbeatNumber = UInt64(number) }) }
                    } onResponse: { response in
                        let received = try await response.messages.reduce(into: []) { $0.append($1.heartbeatNumber) }
                        #expect(received == Array(1...50))
                    }
                }
                // Only the second's holder is known by this name to a client that asks for it.
                let fresh = try Transports.client(
                    host: "127.0.0.1", port: port, credentials: mine, loops: grid.loops)
                #expect(try await grid.ask(fresh) == "spiffe://TEST/agent/someone")
            }
        }
    }

    @Test func `what a listener cannot use changes nothing`() async throws {
        try await LoopbackGrid.with { grid in
            try await grid.serving { port, server in
                let broken = try grid.files(.coordinator)
                let whole = try String(contentsOfFile: broken.certificate, encoding: .utf8)
                try PrivateFile.write(String(whole.prefix(300)), to: broken.certificate)
                #expect(throws: IdentityError.self) { try server.reload(broken) }
                let swapped = try grid.files(.coordinator)
                try PrivateFile.write(SigningKey.make().pem.reveal(), to: swapped.key)
                #expect(throws: IdentityError.self) { try server.reload(swapped) }

                let client = try Transports.client(
                    host: "127.0.0.1", port: port, credentials: grid.files(.agent), loops: grid.loops)
                #expect(try await grid.ask(client) == "spiffe://TEST/agent/someone")
            }
        }
    }

    /// The whole rotation: at every moment every holder, old or new, reaches the server; after it the old ones do not.
    @Test func `an authority is replaced with no call refused until the one before is retired`() async throws {
        try await LoopbackGrid.with { grid in
            let folder = AuthorityFolder(path: grid.folder + "/ca", cluster: "TEST")
            let coordinator = try #require(PeerIdentity(cluster: "TEST", role: .coordinator, name: "c"))
            let agent = try #require(PeerIdentity(cluster: "TEST", role: .agent, name: "a"))
            let own = grid.folder + "/own"
            func issue(_ authority: CertificateAuthority) throws -> CertificateFiles {
                try authority.ensureFiles(for: coordinator, hosts: ["127.0.0.1"], into: own, now: Date())
            }
            try await grid.serving(try issue(grid.authority)) { port, server in
                func call(_ files: CertificateFiles) async throws -> String {
                    try await grid.ask(
                        Transports.client(host: "127.0.0.1", port: port, credentials: files, loops: grid.loops))
                }
                let old = try grid.authority.ensureFiles(for: agent, into: grid.folder + "/old", now: Date())
                let renewing = try grid.authority.ensureFiles(for: agent, into: grid.folder + "/new", now: Date())
                #expect(try await call(old) == agent.uri)

                let now = Timestamp(microseconds: 1)
                let rotated = try #require(try folder.change(now: Date()) { $0.begin(at: now) })
                #expect(try await call(old) == agent.uri, "before the server shows it")
                try server.reload(try issue(rotated))
                #expect(try await call(old) == agent.uri, "the next was believed before it signed")
                try rotated.ensureFiles(for: agent, into: grid.folder + "/new", now: Date())
                #expect(try await call(renewing) == agent.uri)
                #expect(try await call(old) == agent.uri)

                let retired = try #require(try folder.change(now: Date()) { $0.retire() })
                try server.reload(try issue(retired))
                #expect(try await call(renewing) == agent.uri, "it knows the next of the next already")
                await #expect(throws: RPCError.self) { try await call(old) }
            }
        }
    }

    @Test func `a client that lives long takes files that were replaced with its next connection`() async throws {
        try await LoopbackGrid.with { grid in
            try await grid.serving { port, server in
                let mine = try grid.files(.submitter, "first")
                let transport = try Transports.client(
                    host: "127.0.0.1", port: port, credentials: mine, loops: grid.loops)
                try await grid.withClient(transport) { client in
                    let enrolment = Noizylab_Grid_Enrolment.Client(wrapping: client)
                    #expect(try await enrolment.join(.init()).certificate.hasSuffix("submitter/first"))
                    let second = try grid.files(.submitter, "second")
                    for (from, to) in [
                        (second.key, mine.key), (second.certificate, mine.certificate),
                    ] { try PrivateFile.write(String(contentsOfFile: from, encoding: .utf8), to: to) }
                    #expect(try await enrolment.join(.init()).certificate.hasSuffix("submitter/first"))

                    #expect(server.close { $0.identity.name == "first" } == 1)
                    let after = try await Self.answered { try await enrolment.join(.init()).certificate }
                    #expect(after.hasSuffix("submitter/second"))
                }
            }
        }
    }

    /// The certificate is of a year before or after: to the other side the same as a clock that is wrong by a year.
    @Test(arguments: [-365.0, 365.0])
    func `a clock that is wrong by a year is named on the right side`(days: Double) async throws {
        try await LoopbackGrid.with { grid in
            let then = Date(timeIntervalSinceNow: days * 86_400)
            // The server's clock is right, the client's certificate is of another time: the server says so.
            let atServer = Refusals()
            try await grid.serving(refusals: atServer) { port in
                let client = try Transports.client(
                    host: "127.0.0.1", port: port, credentials: grid.files(.agent, now: then), loops: grid.loops)
                await #expect(throws: RPCError.self) { try await grid.ask(client) }
            }
            #expect(atServer.codes == [.expired])
            #expect(atServer.messages.contains { $0.contains("here it is") }, "\(atServer.messages)")

            // The server's certificate is of another time: the client says so, and the server has a line for its log.
            let atClient = Refusals(), told = Refusals()
            try await grid.serving(grid.files(.coordinator, now: then), refusals: told) { port in
                let client = try Transports.client(
                    host: "127.0.0.1", port: port, credentials: grid.files(.agent), loops: grid.loops,
                    onRefusal: { atClient.add($0) })
                await #expect(throws: RPCError.self) { try await grid.ask(client) }
            }
            #expect(atClient.codes == [.expired])
            #expect(told.messages.contains { $0.contains("TLS handshake failed") }, "\(told.messages)")
        }
    }

    @Test func `a key that is not wanted opens nothing, not even what is open already`() async throws {
        try await LoopbackGrid.with { grid in
            let unwanted = Refusals(), refusals = Refusals()
            let admission: PeerAdmission = { credential throws(IdentityError) in
                if unwanted.messages.contains(credential.identity.name) {
                    throw IdentityError(.refused, "The key of \(credential.identity.name) was revoked.")
                }
            }
            try await grid.serving(refusals: refusals, admission: admission) { port, server in
                let transport = try Transports.client(
                    host: "127.0.0.1", port: port, credentials: grid.files(.submitter, "bob"), loops: grid.loops)
                try await grid.withClient(transport) { client in
                    let enrolment = Noizylab_Grid_Enrolment.Client(wrapping: client)
                    let before = try await enrolment.join(.init()).certificate
                    #expect(before.hasSuffix("bob"))

                    unwanted.add(IdentityError(.refused, "bob"))
                    #expect(server.close { $0.identity.name == "bob" } == 1)
                    await #expect(throws: RPCError.self) { try await enrolment.join(.init()) }
                }
                let other = try Transports.client(
                    host: "127.0.0.1", port: port, credentials: grid.files(.submitter, "ann"), loops: grid.loops)
                #expect(try await grid.ask(other).hasSuffix("ann"))
            }
            #expect(refusals.messages.contains("The key of bob was revoked."), "\(refusals.messages)")
        }
    }

    /// Waits for the connection that comes back by itself.
    private static func answered(_ call: @Sendable () async throws -> String) async throws -> String {
        try await eventuallySome("the connection comes back") {
            do { return try await call() } catch let error as RPCError where error.code == .unavailable { return nil }
        }
    }
}
