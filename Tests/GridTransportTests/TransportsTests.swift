import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GridIdentity
import GridTransport
import GridWire
import SwiftProtobuf
import Testing

@Suite(.timeLimit(.minutes(1))) struct TransportsTests {
    @Test(arguments: PeerRole.allCases) func `the server knows who calls`(role: PeerRole) async throws {
        try await LoopbackGrid.with { grid in
            try await grid.serving { port in
                let client = try Transports.client(
                    host: "127.0.0.1", port: port, credentials: grid.files(role, "Mac-Pro"), cluster: "TEST",
                    loops: grid.loops)

                #expect(try await grid.ask(client) == "spiffe://TEST/\(role.rawValue)/Mac-Pro")
            }
        }
    }

    @Test(arguments: ["localhost", "127.0.0.1"]) func `the client dials any address`(host: String) async throws {
        try await LoopbackGrid.with { grid in
            try await grid.serving(grid.files(.coordinator, hosts: ["elsewhere.example"])) { port in
                let client = try Transports.client(
                    host: host, port: port, credentials: grid.files(.agent), loops: grid.loops)

                #expect(try await grid.ask(client) == "spiffe://TEST/agent/someone")
            }
        }
    }

    @Test func `a stream carries messages both ways in order`() async throws {
        try await LoopbackGrid.with { grid in
            try await grid.serving { port in
                let transport = try Transports.client(
                    host: "127.0.0.1", port: port, credentials: grid.files(.agent), loops: grid.loops)
                let received = try await grid.withClient(transport) { client in
                    try await Noizylab_Grid_AgentLink.Client(wrapping: client).connect { writer in
                        for number in 1...1000 { try await writer.write(.with { $0.heartbeatNumber = UInt64(number) }) }
                    } onResponse: { response in
                        try await response.messages.reduce(into: []) { $0.append($1.heartbeatNumber) }
                    }
                }

                #expect(received == Array(1...1000))
            }
        }
    }

    @Test func `large messages come down a stream whole`() async throws {
        try await LoopbackGrid.with { grid in
            try await grid.serving { port in
                let transport = try Transports.client(
                    host: "127.0.0.1", port: port, credentials: grid.files(.agent), loops: grid.loops)
                let sizes = try await grid.withClient(transport) { client in
                    try await Noizylab_Grid_AgentLink.Client(wrapping: client).connect { writer in
                        try await writer.write(.with { $0.heartbeatNumber = 100 << 32 | 300_000 })
                    } onResponse: { response in
                        try await response.messages.reduce(into: []) { $0.append($1.welcome.cluster.utf8.count) }
                    }
                }

                #expect(sizes == Array(repeating: 300_000, count: 100))
            }
        }
    }

    @Test func `a message of 12 MiB arrives and one above the limit is refused`() async throws {
        try await LoopbackGrid.with { grid in
            try await grid.serving { port in
                let transport = try Transports.client(
                    host: "127.0.0.1", port: port, credentials: grid.files(.agent), loops: grid.loops)
                try await grid.withClient(transport) { client in
                    let enrolment = Noizylab_Grid_Enrolment.Client(wrapping: client)
                    let large = Noizylab_Grid_JoinRequest.with { $0.name = String(repeating: "x", count: 12 << 20) }
                    let tooLarge = Noizylab_Grid_JoinRequest.with { $0.name = String(repeating: "x", count: 17 << 20) }

                    let answer = try await enrolment.join(large)
                    #expect(!answer.certificate.isEmpty)
                    await #expect(throws: RPCError.self) { try await enrolment.join(tooLarge) }
                }
            }
        }
    }

    @Test func `a client of another authority is refused`() async throws {
        try await LoopbackGrid.with { grid in
            try await LoopbackGrid.with { stranger in
                let refusals = Refusals()
                try await grid.serving(refusals: refusals) { port in
                    let own = try stranger.files(.operator)
                    // It trusts the right authority, so that only the server has a reason to refuse.
                    let files = CertificateFiles(
                        authority: try grid.files(.viewer).authority, certificate: own.certificate, key: own.key)
                    let client = try Transports.client(
                        host: "127.0.0.1", port: port, credentials: files, loops: grid.loops)

                    await #expect(throws: RPCError.self) { try await grid.ask(client) }
                }
                #expect(refusals.codes == [.untrusted])
            }
        }
    }

    @Test func `a client without a certificate is refused`() async throws {
        try await LoopbackGrid.with { grid in
            try await grid.serving { port in
                let client = try Transports.joinClient(
                    host: "127.0.0.1", port: port, authorityKeyHash: grid.authority.keyHash, loops: grid.loops)

                await #expect(throws: RPCError.self) { try await grid.ask(client) }
            }
        }
    }

    @Test func `an expired client is refused`() async throws {
        try await LoopbackGrid.with { grid in
            let refusals = Refusals()
            try await grid.serving(refusals: refusals) { port in
                let files = try grid.files(.operator, now: Date(timeIntervalSinceNow: -3 * 86400), days: 2)
                let client = try Transports.client(
                    host: "127.0.0.1", port: port, credentials: files, loops: grid.loops)

                await #expect(throws: RPCError.self) { try await grid.ask(client) }
            }
            #expect(refusals.codes == [.expired])
        }
    }

    @Test func `a client of another cluster of the same authority is refused`() async throws {
        try await LoopbackGrid.with { grid in
            let refusals = Refusals()
            try await grid.serving(trust: .mutual(cluster: "OTHER"), refusals: refusals) { port in
                let client = try Transports.client(
                    host: "127.0.0.1", port: port, credentials: grid.files(.operator), loops: grid.loops)

                await #expect(throws: RPCError.self) { try await grid.ask(client) }
            }
            #expect(refusals.codes == [.untrusted])
        }
    }

    enum WrongServer: String, CaseIterable, Sendable {
        case otherAuthority, otherRole, notAServer, otherCluster, expired, notYetValid
    }

    @Test(arguments: WrongServer.allCases) func `the client refuses a wrong server`(wrong: WrongServer) async throws {
        try await LoopbackGrid.with { grid in
            try await LoopbackGrid.with { stranger in
                let refusals = Refusals()
                let server: CertificateFiles =
                    switch wrong {
                    case .otherAuthority: try stranger.files(.coordinator)
                    case .notAServer: try grid.files(.agent)
                    case .expired: try grid.files(.coordinator, now: Date(timeIntervalSinceNow: -3 * 86400), days: 2)
                    case .notYetValid: try grid.files(.coordinator, now: Date(timeIntervalSinceNow: 3 * 86400))
                    case .otherRole, .otherCluster: try grid.files(.coordinator)
                    }
                try await grid.serving(server) { port in
                    let client = try Transports.client(
                        host: "127.0.0.1", port: port, credentials: grid.files(.agent),
                        serverRole: wrong == .otherRole ? .agent : .coordinator,
                        cluster: wrong == .otherCluster ? "OTHER" : "TEST", loops: grid.loops,
                        onRefusal: refusals.add)

                    await #expect(throws: RPCError.self) { try await grid.ask(client) }
                }
                #expect(refusals.codes == [wrong == .expired || wrong == .notYetValid ? .expired : .untrusted])
            }
        }
    }

    @Test(arguments: ["localhost", "127.0.0.1"])
    func `a stock client verifies the server by the name it dials`(host: String) async throws {
        try await LoopbackGrid.with { grid in
            let files = try grid.files(.operator)
            for (hosts, isReached) in [([host], true), (["elsewhere.example"], false)] {
                try await grid.serving(grid.files(.coordinator, hosts: hosts)) { port in
                    let client = try HTTP2ClientTransport.Posix(
                        target: host == "localhost"
                            ? .dns(host: host, port: port) as any ResolvableTarget : .ipv4(address: host, port: port),
                        transportSecurity: .mTLS(
                            certificateChain: [.file(path: files.certificate, format: .pem)],
                            privateKey: .file(path: files.key, format: .pem)
                        ) { $0.trustRoots = .certificates([.file(path: files.authority, format: .pem)]) })

                    if isReached {
                        #expect(try await grid.ask(client) == "spiffe://TEST/operator/someone")
                    } else {
                        await #expect(throws: RPCError.self) { try await grid.ask(client) }
                    }
                }
            }
        }
    }

    @Test func `the edge takes whoever knows the authority's key, and nobody has a name there`() async throws {
        try await LoopbackGrid.with { grid in
            try await grid.serving(trust: .serverOnly) { port in
                let client = try Transports.joinClient(
                    host: "127.0.0.1", port: port, authorityKeyHash: grid.authority.keyHash, loops: grid.loops)

                #expect(try await grid.ask(client) == "nobody")
            }
        }
    }

    @Test func `joining stops when the authority's key is another`() async throws {
        try await LoopbackGrid.with { grid in
            let refusals = Refusals()
            try await grid.serving(trust: .serverOnly) { port in
                let client = try Transports.joinClient(
                    host: "127.0.0.1", port: port, authorityKeyHash: Array(repeating: 7, count: 32), loops: grid.loops,
                    onRefusal: refusals.add)

                await #expect(throws: RPCError.self) { try await grid.ask(client) }
            }
            #expect(refusals.codes == [.untrusted])
        }
    }

    @Test func `a key that others can read is not used`() async throws {
        try await LoopbackGrid.with { grid in
            let files = try grid.files(.operator)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: files.key)

            let error = #expect(throws: IdentityError.self) {
                try Transports.client(host: "127.0.0.1", port: 1, credentials: files, loops: grid.loops)
            }

            #expect(error?.message.contains("chmod 600 '\(files.key)'") == true)
        }
    }
}
