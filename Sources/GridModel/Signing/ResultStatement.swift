/// What a node signs when a signed task has ended there: which attempt, of which request, how it ended, and what it
/// printed.
///
/// Kept with the task as an attestation: these bytes, 64 bytes of signature (P-256, as `SignatureAlgorithm.p256`), and the
/// node's certificate (DER). `docs/signing.md` says it byte by byte.
package struct ResultStatement: Sendable, Hashable {
    package var cluster: String
    package var node: NodeName
    package var ref: AttemptRef
    package var specDigest: [UInt8]
    /// SHA-256 of the sealed envelope.
    package var envelopeDigest: [UInt8]
    package var end: AttemptOutcome.End
    package var exitCode: Int32?
    package var signal: Int32?
    package var stdout: StreamDigest
    package var stderr: StreamDigest
    /// By the node's wall clock.
    package var finishedAt: Timestamp

    package init(
        cluster: String, node: NodeName, ref: AttemptRef, specDigest: [UInt8], envelopeDigest: [UInt8],
        end: AttemptOutcome.End, exitCode: Int32?, signal: Int32?, stdout: StreamDigest, stderr: StreamDigest,
        finishedAt: Timestamp
    ) {
        self.cluster = cluster
        self.node = node
        self.ref = ref
        self.specDigest = specDigest
        self.envelopeDigest = envelopeDigest
        self.end = end
        self.exitCode = exitCode
        self.signal = signal
        self.stdout = stdout
        self.stderr = stderr
        self.finishedAt = finishedAt
    }
}

/// Everything that went to one stream.
package struct StreamDigest: Sendable, Hashable {
    package var bytes: UInt64
    package var sha256: [UInt8]

    package init(bytes: UInt64, sha256: [UInt8]) {
        self.bytes = bytes
        self.sha256 = sha256
    }
}

extension ResultStatement {
    /// What is signed.
    package var bytes: [UInt8] {
        var writer = CanonicalWriter()
        writer.append(raw: Self.heading)
        writer.append(cluster)
        writer.append(node.text)
        writer.append(ref.task.number)
        writer.append(ref.epoch)
        writer.append(raw: specDigest)
        writer.append(raw: envelopeDigest)
        writer.append(end.rawValue)
        for number in [exitCode, signal] {
            writer.append(UInt8(number == nil ? 0 : 1))
            writer.append(number ?? 0)
        }
        for stream in [stdout, stderr] {
            writer.append(stream.bytes)
            writer.append(raw: stream.sha256)
        }
        writer.append(finishedAt.microseconds)
        return writer.bytes
    }

    /// An attestation taken apart: nothing of it is verified yet. Nil for anything but the one spelling.
    package struct Attestation: Sendable {
        package let statement: ResultStatement
        package let signed: [UInt8]
        package let signature: [UInt8]
        /// DER.
        package let certificate: [UInt8]
    }

    package static func open(_ attestation: [UInt8]) -> Attestation? {
        guard attestation.count <= attestationLimit else { return nil }
        var reader = CanonicalReader(attestation)
        guard reader.take(heading), let cluster = reader.text(limit: 63),
            let node = reader.text(limit: 63).flatMap(NodeName.init), let task = reader.number(UInt64.self),
            (1..<(1 << 40)).contains(task), let epoch = reader.number(UInt32.self), epoch > 0,
            let specDigest = reader.take(32), let envelopeDigest = reader.take(32),
            let end = reader.text(limit: 16).flatMap(AttemptOutcome.End.init), let exitCode = reader.optional(),
            let signal = reader.optional(), let stdout = reader.stream(), let stderr = reader.stream(),
            let finishedAt = reader.number(Int64.self)
        else { return nil }
        let signed = Array(attestation[..<reader.place])
        guard let signature = reader.take(TaskEnvelope.signatureBytes), !reader.rest.isEmpty else { return nil }
        let statement = ResultStatement(
            cluster: cluster, node: node, ref: AttemptRef(task: TaskID(number: task), epoch: epoch),
            specDigest: Array(specDigest), envelopeDigest: Array(envelopeDigest), end: end, exitCode: exitCode.value,
            signal: signal.value, stdout: stdout, stderr: stderr, finishedAt: Timestamp(microseconds: finishedAt))
        return Attestation(
            statement: statement, signed: signed, signature: Array(signature), certificate: Array(reader.rest))
    }

    /// A certificate is some 600 bytes.
    package static let attestationLimit = 16 << 10
    private static let heading = Array("noizylab task result v1\n".utf8)
}

extension CanonicalReader {
    fileprivate mutating func optional() -> (value: Int32?, Void)? {
        guard let isThere = number(UInt8.self), let value = number(Int32.self) else { return nil }
        switch isThere {
        case 0: return value == 0 ? (nil, ()) : nil
        case 1: return (value, ())
        default: return nil
        }
    }

    fileprivate mutating func stream() -> StreamDigest? {
        guard let bytes = number(UInt64.self), let digest = take(32) else { return nil }
        return StreamDigest(bytes: bytes, sha256: Array(digest))
    }
}
