import GridLogic
import GridModel
import Testing

struct EnvelopeJudgeTests {
    private static let now = Timestamp(microseconds: 1_000_000_000_000)
    private static let digest = [UInt8](repeating: 3, count: 32)

    private static func envelope(_ number: UInt8 = 1, _ change: (inout TaskEnvelope) -> Void = { _ in }) -> TaskEnvelope
    {
        var envelope = TaskEnvelope(
            algorithm: .ed25519, signer: [UInt8](repeating: 9, count: 32), cluster: "LAB", node: nil,
            nonce: [UInt8](repeating: number, count: 16), issuedAt: now,
            expiresAt: Timestamp(microseconds: now.microseconds + 3_600_000_000), key: "", specDigest: digest)
        change(&envelope)
        return envelope
    }

    private static func ref(_ task: UInt64, _ epoch: UInt32) -> AttemptRef {
        AttemptRef(task: TaskID(number: task), epoch: epoch)
    }

    private static func judge(_ remembered: [EnvelopeJudge.Memory] = [], limit: Int = 100) -> EnvelopeJudge {
        EnvelopeJudge(cluster: "LAB", node: NodeName(checked: "HP-OMEN"), remembered: remembered, limit: limit)
    }

    private static func reason(_ verdict: Result<EnvelopeJudge.Memory, EnvelopeFault>) -> EnvelopeFault.Reason? {
        if case .failure(let fault) = verdict { fault.reason } else { nil }
    }

    private static func after(_ seconds: Int64) -> Timestamp {
        Timestamp(microseconds: now.microseconds + seconds * 1_000_000)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let refused: EnvelopeFault.Reason?
        let change: @Sendable (inout TaskEnvelope) -> Void
        var testDescription: String { name }

        init(
            _ name: String, _ refused: EnvelopeFault.Reason?, _ change: @escaping @Sendable (inout TaskEnvelope) -> Void
        ) {
            self.name = name
            self.refused = refused
            self.change = change
        }
    }

    @Test(arguments: [
        Row("for the grid", nil) { _ in },
        Row("for this node", nil) { $0.node = NodeName("HP-OMEN") },
        Row("for another node", .wrongAudience) { $0.node = NodeName("Mac-Pro") },
        Row("for another grid", .wrongAudience) { $0.cluster = "STUDIO" },
        Row("for this node's name in another grid", .wrongAudience) {
            $0.cluster = "STUDIO"
            $0.node = NodeName("HP-OMEN")
        },
        Row("expired", .expired) {
            $0.issuedAt = after(-10)
            $0.expiresAt = now
        },
        Row("just alive", nil) { $0.expiresAt = Timestamp(microseconds: now.microseconds + 1) },
        Row("from a clock that is a little ahead", nil) { $0.issuedAt = after(299) },
        Row("from a clock that is far ahead", .notYetValid) { $0.issuedAt = after(301) },
        Row("from a clock that is a year ahead", .notYetValid) {
            $0.issuedAt = after(365 * 86_400)
            $0.expiresAt = after(365 * 86_400 + 60)
        },
        Row("from a clock that is a year behind", .expired) {
            $0.issuedAt = after(-365 * 86_400)
            $0.expiresAt = after(-365 * 86_400 + 60)
        },
        Row("good for too long", .livesTooLong) { $0.expiresAt = after(7 * 86_400 + 1) },
        Row("ending before its beginning", .livesTooLong) { $0.expiresAt = after(-1) },
        Row("with times that overflow", .livesTooLong) {
            $0.issuedAt = Timestamp(microseconds: .min)
            $0.expiresAt = Timestamp(microseconds: .max)
        },
        Row("for another task", .taskChanged) { $0.specDigest = [UInt8](repeating: 4, count: 32) },
    ])
    func `an envelope is good for its audience, its time and its task`(row: Row) {
        var judge = Self.judge()
        let verdict = judge.judge(
            Self.envelope(1, row.change), for: Self.ref(1, 1), specDigest: Self.digest, at: Self.now)
        #expect(Self.reason(verdict) == row.refused)
        #expect(judge.count == (row.refused == nil ? 1 : 0), "what is refused is not remembered")
    }

    @Test func `one envelope is one task, and its attempts come in order`() {
        var judge = Self.judge()
        var reasons: [EnvelopeFault.Reason?] = []
        for ref in [
            Self.ref(5, 1), Self.ref(5, 1), Self.ref(6, 1), Self.ref(5, 3), Self.ref(5, 2), Self.ref(5, 3),
            Self.ref(5, 4), Self.ref(6, 9),
        ] {
            reasons.append(Self.reason(judge.judge(Self.envelope(), for: ref, specDigest: Self.digest, at: Self.now)))
        }
        #expect(reasons == [nil, .replayed, .replayed, nil, .outOfOrder, .replayed, nil, .replayed])
    }

    @Test func `another signer may use the same nonce`() {
        var judge = Self.judge()
        let other = Self.envelope { $0.signer = [UInt8](repeating: 8, count: 32) }
        for (envelope, task) in [(Self.envelope(), UInt64(1)), (other, 2)] {
            let verdict = judge.judge(envelope, for: Self.ref(task, 1), specDigest: Self.digest, at: Self.now)
            #expect(Self.reason(verdict) == nil)
        }
    }

    @Test func `what was let in before a restart is still known`() throws {
        var first = Self.judge()
        var memories: [EnvelopeJudge.Memory] = []
        for epoch: UInt32 in [1, 2] {
            memories.append(
                try first.judge(Self.envelope(), for: Self.ref(5, epoch), specDigest: Self.digest, at: Self.now).get())
        }
        var second = Self.judge(memories.reversed())
        for (ref, expected) in [
            (Self.ref(5, 1), .outOfOrder), (Self.ref(5, 2), .replayed), (Self.ref(6, 1), .replayed),
            (Self.ref(5, 3), nil),
        ] as [(AttemptRef, EnvelopeFault.Reason?)] {
            let verdict = second.judge(Self.envelope(), for: ref, specDigest: Self.digest, at: Self.now)
            #expect(Self.reason(verdict) == expected)
        }
    }

    @Test func `it remembers no more than its limit, and forgets the expired`() {
        var judge = Self.judge(limit: 3)
        for number: UInt8 in 1...3 {
            let verdict = judge.judge(
                Self.envelope(number), for: Self.ref(UInt64(number), 1), specDigest: Self.digest, at: Self.now)
            #expect(Self.reason(verdict) == nil)
        }
        let full = judge.judge(Self.envelope(4), for: Self.ref(4, 1), specDigest: Self.digest, at: Self.now)
        #expect(Self.reason(full) == .memoryFull)

        let later = Self.after(4_000)
        let fresh = Self.envelope(5) {
            $0.issuedAt = later
            $0.expiresAt = Timestamp(microseconds: later.microseconds + 1_000_000)
        }
        #expect(Self.reason(judge.judge(fresh, for: Self.ref(5, 1), specDigest: Self.digest, at: later)) == nil)
        #expect(judge.memories(at: later).map(\.ref) == [Self.ref(5, 1)])
    }
}
