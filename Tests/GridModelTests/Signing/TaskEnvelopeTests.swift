import GridModel
import Testing

struct TaskEnvelopeTests {
    static let envelope = TaskEnvelope(
        algorithm: .ed25519, signer: [UInt8](repeating: 0xA1, count: 32), cluster: "LAB", node: NodeName("HP-OMEN"),
        nonce: Array(0..<16), issuedAt: Timestamp(microseconds: 1), expiresAt: Timestamp(microseconds: 0x0102),
        key: "k", specDigest: [UInt8](repeating: 0xD5, count: 32))
    static let signature = [UInt8](repeating: 0x51, count: 64)

    /// Written by hand from docs/signing.md: another program must come to the same bytes.
    @Test func `the statement is what the document says`() {
        var expected = Array("noizylab task envelope v1\n".utf8)
        expected += [1] + [UInt8](repeating: 0xA1, count: 32)
        expected += [0, 0, 0, 3] + Array("LAB".utf8) + [0, 0, 0, 7] + Array("HP-OMEN".utf8) + Array(0..<16)
        expected += [0, 0, 0, 0, 0, 0, 0, 1] + [0, 0, 0, 0, 0, 0, 1, 2] + [0, 0, 0, 1] + Array("k".utf8)
        expected += [UInt8](repeating: 0xD5, count: 32)
        #expect(Self.envelope.statement == expected)
    }

    @Test(arguments: [nil, "Mac-Pro"], ["", "nightly-1"])
    func `a sealed envelope opens to what was sealed`(node: String?, key: String) throws {
        var envelope = Self.envelope
        envelope.node = node.flatMap { NodeName($0) }
        envelope.key = key
        envelope.algorithm = .p256
        let opened = try #require(TaskEnvelope.open(envelope.statement + Self.signature))
        #expect(opened.envelope == envelope)
        #expect(opened.statement == envelope.statement)
        #expect(opened.signature == Self.signature)
    }

    @Test func `no shorter and no longer bytes are an envelope`() {
        let sealed = Self.envelope.statement + Self.signature
        for count in 0..<sealed.count { #expect(TaskEnvelope.open(Array(sealed.prefix(count))) == nil) }
        #expect(TaskEnvelope.open(sealed + [0]) == nil)
        #expect(TaskEnvelope.open([UInt8](repeating: 0, count: 1 << 20)) == nil)
    }

    /// Whatever byte is changed, what opens says the same bytes again: there is one spelling.
    @Test func `an envelope has one spelling`() {
        let sealed = Self.envelope.statement + Self.signature
        for place in sealed.indices {
            for flip: UInt8 in [1, 0x80, 0xFF] {
                var changed = sealed
                changed[place] ^= flip
                guard let opened = TaskEnvelope.open(changed) else { continue }
                #expect(opened.envelope.statement + opened.signature == changed, "byte \(place)")
                #expect(place >= Self.envelope.statement.count || opened.envelope != Self.envelope)
            }
        }
    }

    @Test func `a specification's bytes are what the document says`() {
        let spec = TaskSpec(
            payload: .command(
                Command(invocation: .arguments(["ls", "-l"]), environment: ["B": "2", "A": "1"])),
            node: NodeName("N"), priority: -1, submitter: "ann", metadata: ["é": "x"], envelope: [1, 2, 3])
        var command: [UInt8] = [1, 0, 0, 0, 16, 0, 0, 0, 2, 0, 0, 0, 2] + Array("ls".utf8)
        command += [0, 0, 0, 2] + Array("-l".utf8)
        command += [4, 0, 0, 0, 24, 0, 0, 0, 2]
        for (name, value) in [("A", "1"), ("B", "2")] {
            command += [0, 0, 0, 1] + Array(name.utf8) + [0, 0, 0, 1] + Array(value.utf8)
        }
        var expected = Array("noizylab task spec v1\n".utf8) + [1, 0, 0, 0, UInt8(command.count)] + command
        expected += [10, 0, 0, 0, 1] + Array("N".utf8)
        expected += [12, 0, 0, 0, 8] + [UInt8](repeating: 0xFF, count: 8)
        expected += [20, 0, 0, 0, 15, 0, 0, 0, 1, 0, 0, 0, 2, 0xC3, 0xA9, 0, 0, 0, 1] + Array("x".utf8)
        #expect(spec.canonicalBytes == expected)
    }

    @Test func `a result's bytes open to what was stated`() throws {
        let digest = [UInt8](repeating: 7, count: 32)
        for (exitCode, signal) in [(0, nil), (nil, 9), (-1, nil), (nil, nil)] as [(Int32?, Int32?)] {
            let statement = ResultStatement(
                cluster: "LAB", node: NodeName(checked: "HP-OMEN"),
                ref: AttemptRef(task: TaskID(number: 77), epoch: 2), specDigest: digest, envelopeDigest: digest,
                end: .failed, exitCode: exitCode, signal: signal, stdout: StreamDigest(bytes: 5, sha256: digest),
                stderr: StreamDigest(bytes: 0, sha256: digest), finishedAt: Timestamp(microseconds: 99))
            let attestation = statement.bytes + Self.signature + [0x30, 0x00]
            let opened = try #require(ResultStatement.open(attestation))
            #expect(opened.statement == statement)
            #expect(opened.signed == statement.bytes)
            #expect(opened.certificate == [0x30, 0x00])
            for count in 0..<(attestation.count - 1) {
                #expect(ResultStatement.open(Array(attestation.prefix(count))) == nil)
            }
        }
    }
}
