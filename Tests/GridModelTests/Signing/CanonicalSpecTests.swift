import GridModel
import Testing

/// Every property that a submitter decides changes what is signed.
struct CanonicalSpecTests {
    static let plain = TaskSpec(payload: .command(Command(invocation: .arguments(["true"]))))

    static let changes: [(String, @Sendable (inout TaskSpec) -> Void)] = [
        ("payload", { $0.payload = .echo("true") }),
        ("node", { $0.node = NodeName("N") }),
        ("resources", { $0.resources.cpuMillis = 1 }),
        ("priority", { $0.priority = 1 }),
        ("retries", { $0.retries = 1 }),
        ("timeoutMilliseconds", { $0.timeoutMilliseconds = 1 }),
        ("queueTimeoutMilliseconds", { $0.queueTimeoutMilliseconds = 1 }),
        ("onLost", { $0.onLost = .fail }),
        ("durability", { $0.durability = .ephemeral }),
        ("outputLimitBytes", { $0.outputLimitBytes = 1 }),
        ("metadata", { $0.metadata = ["a": "b"] }),
        ("lostAfterMilliseconds", { $0.lostAfterMilliseconds = 1 }),
        ("constraint", { $0.constraint = "os == 'linux'" }),
    ]
    /// What the coordinator writes, and what stands outside of itself.
    static let unsigned = ["submitter", "envelope"]

    @Test func `no property is forgotten`() {
        let properties = Mirror(reflecting: Self.plain).children.compactMap(\.label)
        #expect(Set(properties) == Set(Self.changes.map(\.0) + Self.unsigned))
    }

    @Test func `each change gives other bytes, and no two the same`() {
        var seen: Set<[UInt8]> = [Self.plain.canonicalBytes]
        for (name, change) in Self.changes {
            var spec = Self.plain
            change(&spec)
            #expect(seen.insert(spec.canonicalBytes).inserted, "\(name)")
        }
    }

    @Test func `each part of a request gives other bytes`() {
        let requests = [
            ResourceRequest(cpuMillis: 1), ResourceRequest(memoryBytes: 1), ResourceRequest(gpus: 1),
            ResourceRequest(gpuMemoryBytes: 1), ResourceRequest(diskBytes: 1), ResourceRequest(custom: ["a": 1]),
            ResourceRequest(custom: ["a": 2]), ResourceRequest(custom: ["a": 1, "b": 1]),
        ]
        let properties = Mirror(reflecting: ResourceRequest.none).children.count
        #expect(properties == 6, "each property has a field, and a request here")
        let bytes = requests.map { request in
            var spec = Self.plain
            spec.resources = request
            return spec.canonicalBytes
        }
        #expect(Set(bytes).count == requests.count)
    }

    @Test func `each part of a payload gives other bytes`() {
        let base = Command(invocation: .arguments(["a", "b"]))
        var payloads: [TaskPayload] = [.command(base), .echo("a"), .echo("")]
        for invocation: Command.Invocation in [
            .arguments(["ab"]), .arguments(["a", "b", ""]), .arguments(["", "ab"]), .script(.sh, "a"),
            .script(.bash, "a"), .script(.sh, "ab"),
        ] {
            payloads.append(.command(Command(invocation: invocation)))
        }
        for change: (inout Command) -> Void in [
            { $0.environment = ["A": "1"] }, { $0.environment = ["A1": ""] }, { $0.environment = ["": "A1"] },
            { $0.secrets = ["A": CommandSecret(open: "1")] }, { $0.secrets = ["A1": CommandSecret(open: "")] },
            { $0.workingDirectory = "/A1" }, { $0.standardInput = [1] }, { $0.standardInput = [1, 0] },
        ] {
            var command = base
            change(&command)
            payloads.append(.command(command))
        }
        for check in [
            NetworkCheck(kind: .ping, host: "a"), NetworkCheck(kind: .tcp, host: "a"),
            NetworkCheck(kind: .ping, host: "b"), NetworkCheck(kind: .ping, host: "a", port: 1),
        ] {
            payloads.append(.network(check))
        }
        let bytes = payloads.map { TaskSpec(payload: $0).canonicalBytes }
        #expect(Set(bytes).count == payloads.count)
    }

    @Test func `the submitter and the envelope are outside`() {
        var spec = Self.plain
        spec.submitter = "ann"
        spec.envelope = [1]
        #expect(spec.canonicalBytes == Self.plain.canonicalBytes)
    }

    @Test func `a request sealed anew is the same request`() {
        var (one, other) = (Self.plain, Self.plain)
        one.envelope = [1]
        #expect(one.asks(sameAs: other) && other.asks(sameAs: one))
        other.retries = 1
        #expect(!one.asks(sameAs: other))
    }
}
