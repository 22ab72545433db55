import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing
import WinRM

/// One request and what comes back, wherever the connection is cut.
struct ExchangeTests {
    private static let answers = [
        "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml;charset=UTF-8\r\nServer: Microsoft-HTTPAPI/2.0\r\n"
            + "Date: Mon, 05 Jan 2026 07:30:11 GMT\r\nContent-Length: 25\r\n\r\n<s:Envelope></s:Envelope>",
        "HTTP/1.1 200 \r\nContent-Type: multipart/encrypted\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n",
        "HTTP/1.1 401 \r\nWWW-Authenticate: Negotiate\r\nServer: Microsoft-HTTPAPI/2.0\r\nConnection: close\r\n"
            + "Content-Length: 0\r\n\r\n",
    ]

    @Test(arguments: answers)
    func `a connection cut after any byte gives an error, and never a part for the whole`(answer: String) throws {
        let bytes = Array(answer.utf8)
        for place in 0..<bytes.count {
            let channel = try Self.channel()
            let promise = channel.eventLoop.makePromise(of: HTTPAnswer.self)
            try Self.send(promise, on: channel)
            _ = try? channel.writeInbound(ByteBuffer(bytes: bytes[..<place]))
            _ = try? channel.finish()

            #expect(throws: (any Error).self, "cut after \(place) bytes") { try promise.futureResult.wait() }
        }
    }

    @Test func `a whole answer comes whole, in whatever pieces`() throws {
        let bytes = Array(Self.answers[1].utf8)
        for size in 1...bytes.count {
            let channel = try Self.channel()
            let promise = channel.eventLoop.makePromise(of: HTTPAnswer.self)
            try Self.send(promise, on: channel)
            for start in stride(from: 0, to: bytes.count, by: size) {
                try channel.writeInbound(ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)]))
            }

            #expect(String(decoding: try promise.futureResult.wait().body, as: UTF8.self) == "firstsecond")
            _ = try? channel.finish()
        }
    }

    @Test func `an answer that is too large ends the connection`() throws {
        let channel = try Self.channel()
        let promise = channel.eventLoop.makePromise(of: HTTPAnswer.self)
        try Self.send(promise, on: channel)

        _ = try? channel.writeInbound(
            ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + String(repeating: "x", count: 2_000))
        )

        let error = #expect(throws: WinRMError.self) { try promise.futureResult.wait() }
        #expect(error?.code == .badAnswer)
        #expect(!channel.isActive)
    }

    private static func channel() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHTTPClientHandlers()
        try channel.pipeline.syncOperations.addHandler(HTTPExchangeHandler(limitBytes: 1_000))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }

    private static func send(_ promise: EventLoopPromise<HTTPAnswer>, on channel: EmbeddedChannel) throws {
        let head = HTTPRequestHead(
            version: .http1_1, method: .POST, uri: "/wsman", headers: ["Host": "host", "Content-Length": "4"])
        channel.write(HTTPRequest(head: head, body: Array("body".utf8), promise: promise), promise: nil)
    }
}
