import Foundation
import TestSupport
import Testing

/// Rubbish on the port that faces strangers: seeded bytes, torn handshakes, rubbish inside TLS. The grid goes on.
@Suite(.lab, .serialized, .timeLimit(.minutes(2)))
struct EdgeRubbishTests {
    private func send(_ bytes: [UInt8], to port: Int, lingers: Bool = false) throws {
        let descriptor = try #require(PlainSocket.connect(port: port))
        defer { close(descriptor) }
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            // It hung up, as it should.
            if count <= 0 { return }
            sent += count
        }
        guard lingers else { return }
        var answer = [UInt8](repeating: 0, count: 4_096)
        var timeout = timeval(tv_sec: 0, tv_usec: 200_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        _ = recv(descriptor, &answer, answer.count, 0)
    }

    private func expectAlive() async throws {
        let grid = try GridFixture.current
        let pid = try grid.pid(of: "coordinator")
        let run = try await grid.noizylab("run", "--", "echo", "on")
        #expect(run.stdout == "on\n", "\(run)")
        #expect(try grid.pid(of: "coordinator") == pid, "the coordinator is the one it was")
    }

    /// A hello as OpenSSL sends it, to be damaged.
    private func hello() async throws -> [UInt8] {
        let grid = try GridFixture.current
        let (listener, own) = try PlainSocket.listen()
        defer { close(listener) }
        let connecting = try RunningProgram(
            "/usr/bin/env", ["openssl", "s_client", "-alpn", "h2", "-connect", "127.0.0.1:\(own)"],
            environment: grid.environment, folder: grid.scratch, input: Data())
        let accepted = accept(listener, nil, nil)
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = recv(accepted, &bytes, bytes.count, 0)
        close(accepted)
        _ = try? await connecting.finished(within: .seconds(5))
        return Array(bytes.prefix(max(0, count)))
    }

    @Test func `fuzz: bytes of any kind are dropped`() async throws {
        let port = try await GridFixture.current.edgeAddress().port
        var random = SeededChance.announced(for: "bytes on the edge")
        for _ in 0..<count("NOIZYLAB_FUZZ", default: 100) {
            let bytes = (0..<Int.random(in: 1...20_000, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            try send(bytes, to: port)
        }
        for text in ["GET / HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\u{16}\u{3}\u{1}", "SSH-2.0-x\r\n"]
        {
            try send(Array(text.utf8), to: port, lingers: true)
        }
        try await expectAlive()
    }

    @Test func `fuzz: torn and damaged handshakes are dropped`() async throws {
        let port = try await GridFixture.current.edgeAddress().port
        let hello = try await hello()
        #expect(hello.count > 100, "OpenSSL said hello")
        var random = SeededChance.announced(for: "handshakes on the edge")
        for round in 0..<count("NOIZYLAB_FUZZ", default: 150) {
            var bytes = hello
            if round.isMultiple(of: 3) {
                bytes.removeLast(Int.random(in: 1..<bytes.count, using: &random))
            } else {
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
            }
            try send(bytes, to: port, lingers: round.isMultiple(of: 5))
        }
        try await expectAlive()
    }

    @Test func `fuzz: rubbish inside TLS is dropped`() async throws {
        let grid = try GridFixture.current
        let port = try await grid.edgeAddress().port
        var random = SeededChance.announced(for: "rubbish inside TLS")
        for round in 0..<10 {
            var bytes = (0..<2_000).map { _ in UInt8.random(in: 0...255, using: &random) }
            if !round.isMultiple(of: 2) { bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + bytes }
            let file = "\(grid.scratch)/rubbish"
            try Data(bytes).write(to: URL(fileURLWithPath: file))
            _ = try await grid.shell(
                "(cat \(file); sleep 0.2) | timeout 3 openssl s_client -quiet -alpn h2 "
                    + "-CAfile \(grid.home)/pki/ca/ca.pem -connect localhost:\(port) > /dev/null 2>&1")
        }
        try await expectAlive()
    }
}
