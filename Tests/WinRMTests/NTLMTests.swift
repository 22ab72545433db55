import Testing
import WinRM

struct NTLMTests {
    private let handshake = NTLMHandshake(
        identity: .init("tester"), password: "S3cret!pass", target: "HTTP/win-accept01",
        channelBinding: ChannelBinding.none, fileTime: 0)
    private let sessionKey = NTLMVectors.bytes("101112131415161718191a1b1c1d1e1f")

    @Test(arguments: [
        ("", "31d6cfe0d16ae931b73c59d7e0c089c0"), ("a", "bde52cb31de33e46245e05fbdbd6fb24"),
        ("abc", "a448017aaf21d8525fc10ae87aa6729d"), ("message digest", "d9130a8164549fe818874806e1c7014b"),
        ("abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"),
        (
            "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
            "e33b4ddc9c38f2199c3e7b164fcc0536"
        ),
    ])
    func `MD4 gives what RFC 1320 prints`(text: String, hash: String) {
        #expect(MD4.hash(Array(text.utf8)) == NTLMVectors.bytes(hash))
    }

    @Test func `RC4 gives what is known of it`() {
        var cipher = RC4(key: Array("Key".utf8))

        #expect(cipher.apply(Array("Plaintext".utf8)) == NTLMVectors.bytes("bbf316e8d940af0ad3"))
    }

    @Test func `the response key is the one that MS-NLMP prints`() {
        let key = NTLMHandshake.responseKey(identity: .init(#"Domain\User"#), password: "Password")

        #expect(key == NTLMVectors.bytes("0c868a403bfd7a93a3001ef22ef02e3f"))
    }

    @Test func `a message is sealed as MS-NLMP prints it`() {
        var session = NTLMSession(sessionKey: [UInt8](repeating: 0x55, count: 16))

        let (signature, sealed) = session.seal([UInt8](utf16LittleEndian: "Plaintext"))

        #expect(sealed == NTLMVectors.bytes("54e50165bf1936dc996020c1811b0f06fb5f"))
        #expect(signature == NTLMVectors.bytes("010000007fb38ec5c55d497600000000"))
    }

    @Test func `a whole log-on gives every known byte`() throws {
        let challenge = try NTLMChallenge(NTLMVectors.bytes(NTLMVectors.challenge))
        let chance = NTLMHandshake.Chance(clientChallenge: Array(0..<8), sessionKey: sessionKey)

        let (message, _) = handshake.authenticate(challenge, chance: chance)

        #expect(
            NTLMHandshake.negotiate
                == NTLMVectors.bytes("4e544c4d5353500001000000358208e2000000002800000000000000280000000a007c4f0000000f")
        )
        #expect(message == NTLMVectors.bytes(NTLMVectors.authenticate))
    }

    @Test func `the cipher runs on from message to message, each way`() throws {
        var session = NTLMSession(sessionKey: sessionKey)

        let first = SealedBody.encode(Array("<s:Envelope>one</s:Envelope>".utf8), with: &session)
        let second = session.seal(
            Array(
                "<s:Envelope>two, a second message: the RC4 state goes on, the sequence number is 1</s:Envelope>".utf8))
        let answer = try session.open(
            signature: NTLMVectors.bytes("01000000839b17cc7a3ef31100000000"),
            sealed: NTLMVectors.bytes(NTLMVectors.sealedAnswer))

        #expect(first == NTLMVectors.bytes(NTLMVectors.requestBody))
        #expect(second.sealed == NTLMVectors.bytes(NTLMVectors.sealedSecond))
        #expect(second.signature == NTLMVectors.bytes("01000000f46c82868555034601000000"))
        #expect(String(decoding: answer, as: UTF8.self) == "<s:Envelope>the answer</s:Envelope>")
    }

    @Test func `a sealed answer is read whole, or refused wherever it is cut or changed`() throws {
        let plain = Array("<s:Envelope>the answer</s:Envelope>".utf8)
        let answer = Self.answer(length: plain.count)

        var session = NTLMSession(sessionKey: sessionKey)
        #expect(try SealedBody.decode(answer, with: &session) == plain)

        let dataEnd = answer.count - "--Encrypted Boundary--\r\n".utf8.count
        for cut in 0..<dataEnd {
            var session = NTLMSession(sessionKey: sessionKey)
            #expect(throws: WinRMError.self, "cut at \(cut)") {
                try SealedBody.decode(Array(answer[..<cut]), with: &session)
            }
        }
        for place in dataEnd - plain.count - 16..<dataEnd {
            var changed = answer
            changed[place] ^= 1
            var session = NTLMSession(sessionKey: sessionKey)
            #expect(throws: WinRMError.self, "changed at \(place)") { try SealedBody.decode(changed, with: &session) }
        }
    }

    @Test func `an answer cannot be played twice`() throws {
        var session = NTLMSession(sessionKey: sessionKey)
        let answer = Self.answer(length: 35)
        _ = try SealedBody.decode(answer, with: &session)

        #expect(throws: WinRMError.self) { try SealedBody.decode(answer, with: &session) }
    }

    @Test func `a challenge that is cut anywhere is refused`() throws {
        let whole = NTLMVectors.bytes(NTLMVectors.challenge)

        for cut in whole.indices {
            #expect(throws: WinRMError.self, "cut at \(cut)") { try NTLMChallenge(Array(whole[..<cut])) }
        }
    }

    @Test(arguments: [UInt32(0x1), 0x10, 0x20, 0x8_0000, 0x2000_0000, 0x4000_0000])
    func `a host that would not seal is refused`(flag: UInt32) {
        var challenge = NTLMVectors.bytes(NTLMVectors.challenge)
        let flags = challenge.littleEndian32(at: 20) & ~flag
        var field: [UInt8] = []
        field.append(littleEndian: flags)
        challenge.replaceSubrange(20..<24, with: field)

        #expect(throws: WinRMError.self) { try NTLMChallenge(challenge) }
    }

    @Test func `a certificate is bound as RFC 5929 says`() {
        #expect(
            ChannelBinding.hash(certificate: NTLMVectors.bytes("3003020101"))
                == NTLMVectors.bytes("923e11dd58f6990170945e5ddd7d6b2c"))
    }

    @Test(arguments: [(#"LAB\ann"#, "ann", "LAB"), ("ann@lab.example", "ann@lab.example", ""), ("ann", "ann", "")])
    func `a name is split as Windows does`(name: String, user: String, domain: String) {
        let identity = NTLMHandshake.Identity(name)

        #expect(identity.user == user)
        #expect(identity.domain == domain)
    }

    /// The host's first sealed answer of the known exchange.
    private static func answer(length: Int) -> [UInt8] {
        Array(
            ("--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n"
                + "\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=\(length)\r\n"
                + "--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n").utf8)
            + NTLMVectors.bytes("1000000001000000839b17cc7a3ef31100000000" + NTLMVectors.sealedAnswer)
            + Array("--Encrypted Boundary--\r\n".utf8)
    }
}
