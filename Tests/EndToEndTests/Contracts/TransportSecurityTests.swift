import Foundation
import TestSupport
import Testing

/// Who gets a connection: seen with stock tools, which know nothing of the grid.
@Suite(.lab, .serialized, .timeLimit(.minutes(2)))
struct TransportSecurityTests {
    private func curl(_ arguments: String, port: Int? = nil) async throws -> ProgramResult {
        let grid = try GridFixture.current
        let address = try await grid.listenAddress()
        return try await grid.shell(
            "curl --silent --show-error --max-time 5 --output /dev/null --write-out '%{http_version}' "
                + arguments.replacing("PORT", with: "\(port ?? address.port)"))
    }

    @Test func `a certificate of the grid gets HTTP 2 under the name localhost`() async throws {
        let folder = try await GridFixture.current.issueIdentities()
        let result = try await curl(
            "--cacert \(folder)/viewer/ca.pem --cert \(folder)/viewer/cert.pem --key \(folder)/viewer/key.pem "
                + "https://localhost:PORT/")
        #expect(result.exitCode == 0, "\(result)")
        #expect(result.stdout == "2", "\(result)")
    }

    @Test func `plaintext, no certificate and a strange one get nothing`() async throws {
        let folder = try await GridFixture.current.issueIdentities()
        let refused = [
            "--http2-prior-knowledge http://localhost:PORT/",
            "--http1.1 http://localhost:PORT/",
            "--cacert \(folder)/viewer/ca.pem https://localhost:PORT/",
            "--cacert \(folder)/viewer/ca.pem --cert \(folder)/stranger/cert.pem --key \(folder)/stranger/key.pem "
                + "https://localhost:PORT/",
            "--cacert \(folder)/stranger/ca.pem --cert \(folder)/viewer/cert.pem --key \(folder)/viewer/key.pem "
                + "https://localhost:PORT/",
        ]
        for arguments in refused {
            let result = try await curl(arguments)
            #expect(result.exitCode != 0, "\(result)")
        }
    }

    @Test func `the edge speaks TLS alone, and asks for no certificate`() async throws {
        let grid = try GridFixture.current
        let folder = try await grid.issueIdentities()
        let edge = try await grid.edgeAddress()
        let reached = try await curl("--cacert \(folder)/viewer/ca.pem https://localhost:PORT/", port: edge.port)
        #expect(reached.exitCode == 0, "\(reached)")
        let plain = try await curl("--http2-prior-knowledge http://localhost:PORT/", port: edge.port)
        #expect(plain.exitCode != 0, "\(plain)")
    }

    @Test(arguments: ["-tls1", "-tls1_1"])
    func `old versions of TLS are refused`(version: String) async throws {
        let grid = try GridFixture.current
        let address = try await grid.listenAddress()
        let result = try await grid.shell(
            "openssl s_client \(version) -cipher 'DEFAULT:@SECLEVEL=0' -connect localhost:\(address.port) < /dev/null")
        #expect(result.exitCode != 0, "\(result)")
    }

    @Test func `the server's certificate verifies against the grid's authority alone`() async throws {
        let grid = try GridFixture.current
        let folder = try await grid.issueIdentities()
        let address = try await grid.listenAddress()
        let known = "-cert \(folder)/viewer/cert.pem -key \(folder)/viewer/key.pem -connect localhost:\(address.port)"
        let good = try await grid.shell(
            "openssl s_client -CAfile \(folder)/viewer/ca.pem -verify_hostname localhost \(known) < /dev/null")
        let bad = try await grid.shell(
            "openssl s_client -verify_return_error -CAfile \(folder)/stranger/ca.pem \(known) < /dev/null")
        #expect(good.stdout.contains("Verify return code: 0 (ok)"), "\(good)")
        #expect(bad.exitCode != 0, "\(bad)")
    }

    @Test func `rubbish on the port is dropped and the grid goes on`() async throws {
        let grid = try GridFixture.current
        let address = try await grid.listenAddress()
        var random = SeededChance.announced(for: "rubbish on the port")
        for _ in 0..<20 {
            let descriptor = try #require(PlainSocket.connect(port: address.port))
            let bytes = (0..<Int.random(in: 1...4_096, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            close(descriptor)
        }
        #expect(try await grid.noizylab("run", "--", "echo", "on").stdout == "on\n")
    }

    @Test func `keys and folders are for their owner alone`() async throws {
        let grid = try GridFixture.current
        let folder = try await grid.issueIdentities()
        let open = try await grid.shell(
            "find \(grid.home)/pki \(grid.home)/nodes \(folder)/operator -name '*key*' -type f -perm /077")
        #expect(open.stdout.isEmpty, "\(open)")
        let keys = try await grid.shell("find \(grid.home) -name '*.key' -o -name 'key.pem' | wc -l")
        #expect(Int(keys.stdout.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0 >= 5, "\(keys)")
    }
}
