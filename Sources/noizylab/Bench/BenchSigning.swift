import ArgumentParser
import GridIdentity
import GridLogic
import GridModel
import GridWire
import NoizyClient

/// What a signature costs the submitter, and the node: everything from the request to the envelope, and from the order
/// to the verdict. Needs no grid.
struct BenchSigning: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signing", abstract: "Signing and verifying one task, by each algorithm.")

    @Option(help: "Tasks to sign.")
    var count = 2_000

    @OptionGroup var format: DocumentOption

    func validate() throws {
        guard (10...1_000_000).contains(count) else { throw ValidationError("--count must be 10 to 1000000.") }
    }

    func run() async throws {
        let measured = try SignatureAlgorithm.allCases.map { try Self.measure($0, count: count) }
        switch format.output {
        case .json:
            Console.stdout.print(
                JSONValue.object(
                    measured.map { one in
                        .init(
                            name: one.algorithm.name,
                            value: .object([
                                "sign_us_p50": .double(one.sign), "verify_us_p50": .double(one.verify),
                                "both_us_p50": .double(one.sign + one.verify),
                            ]))
                    }
                ).pretty)
        case .text:
            var table = Table(
                .init("ALGORITHM"), .init("SIGN", .right), .init("VERIFY", .right), .init("BOTH (p50)", .right))
            for one in measured {
                table.add(
                    .init(one.algorithm.name), .init(Self.text(one.sign)), .init(Self.text(one.verify)),
                    .init(Self.text(one.sign + one.verify)))
            }
            Console.stdout.write(table)
        }
    }

    private struct Measured {
        let algorithm: SignatureAlgorithm
        /// Microseconds.
        let sign: Double
        let verify: Double
    }

    private static func measure(_ algorithm: SignatureAlgorithm, count: Int) throws -> Measured {
        let key = SignerKey.make(algorithm)
        let signer = TaskSigner(key, cluster: "BENCH")
        var trusted = TrustedSigners()
        try trusted.add(TrustedSigners.Signer(key: key.publicKey, name: "bench"))
        var judge = EnvelopeJudge(cluster: "BENCH", node: NodeName(checked: "bench"))
        var request = TaskRequest.command("sh", "-c", "make -j4 all && ./deploy --to studio")
        request.environment = ["TARGET": "release", "JOBS": "4"]
        var signing: [UInt64] = []
        var verifying: [UInt64] = []
        for number in 1...count {
            let began = monotonicNanoseconds()
            let signed = try signer.sign(request)
            let middle = monotonicNanoseconds()
            let spec = try signed.message.model()
            let received = monotonicNanoseconds()
            guard let (envelope, statement, signature) = TaskEnvelope.open(spec.envelope),
                let known = trusted.find(envelope.signer), known.verifier.isValid(signature, for: statement),
                case .success = judge.judge(
                    envelope, for: AttemptRef(task: TaskID(number: UInt64(number)), epoch: 1),
                    specDigest: SHA256Digest.of(spec.canonicalBytes), at: envelope.issuedAt)
            else { throw BenchError("A good envelope was refused.") }
            signing.append(middle - began)
            verifying.append(monotonicNanoseconds() - received)
        }
        return Measured(algorithm: algorithm, sign: median(signing), verify: median(verifying))
    }

    private static func median(_ times: [UInt64]) -> Double { Double(times.sorted()[times.count / 2]) / 1_000 }

    private static func text(_ microseconds: Double) -> String { "\((microseconds * 10).rounded() / 10) µs" }
}
