import GridModel
import Testing

@Suite struct ViolationsTests {
    private static func command(
        _ arguments: [String], environment: [String: String] = [:], folder: String = "", input: [UInt8] = []
    ) -> TaskSpec {
        TaskSpec(
            payload: .command(
                Command(
                    invocation: .arguments(arguments), environment: environment, workingDirectory: folder,
                    standardInput: input)))
    }

    private static func changed(_ change: (inout TaskSpec) -> Void) -> TaskSpec {
        var spec = TaskSpec(payload: .echo("x"))
        change(&spec)
        return spec
    }

    static let wrong: [(TaskSpec, String)] = [
        (command([]), "spec.command.arguments"),
        (command([""]), "spec.command.arguments[0]"),
        (command(["sh", "a\0b"]), "spec.command.arguments[1]"),
        (command(["sh", String(repeating: "x", count: 200_000)]), "spec.command.arguments[1]"),
        (command(Array(repeating: String(repeating: "x", count: 100_000), count: 20)), "spec.command.arguments"),
        (command(["sh"], environment: ["A=B": "1"]), "spec.command.environment"),
        (command(["sh"], environment: ["": "1"]), "spec.command.environment"),
        (command(["sh"], environment: ["A": "1\0"]), "spec.command.environment[A]"),
        (command(["sh"], folder: "relative"), "spec.command.working_directory"),
        (command(["sh"], folder: "/a\0b"), "spec.command.working_directory"),
        (command(["sh"], input: Array(repeating: 0, count: 5 << 20)), "spec.command.standard_input"),
        (TaskSpec(payload: .command(Command(invocation: .script(.sh, "")))), "spec.command.script"),
        (TaskSpec(payload: .echo(String(repeating: "x", count: 5 << 20))), "spec.echo.text"),
        (TaskSpec(payload: .network(NetworkCheck(kind: .ping, host: ""))), "spec.network.host"),
        (TaskSpec(payload: .network(NetworkCheck(kind: .ping, host: "-f"))), "spec.network.host"),
        (TaskSpec(payload: .network(NetworkCheck(kind: .ping, host: "a b"))), "spec.network.host"),
        (TaskSpec(payload: .network(NetworkCheck(kind: .tcp, host: "a", port: 0))), "spec.network.port"),
        (TaskSpec(payload: .network(NetworkCheck(kind: .tcp, host: "a", port: 65_536))), "spec.network.port"),
        (changed { $0.priority = 101 }, "spec.priority"),
        (changed { $0.retries = -1 }, "spec.retries"),
        (changed { $0.retries = 101 }, "spec.retries"),
        (changed { $0.timeoutMilliseconds = -1 }, "spec.timeout_ms"),
        (changed { $0.timeoutMilliseconds = .max }, "spec.timeout_ms"),
        (changed { $0.queueTimeoutMilliseconds = .min }, "spec.queue_timeout_ms"),
        (changed { $0.outputLimitBytes = -1 }, "spec.output_limit_bytes"),
        (changed { $0.resources.cpuMillis = -1 }, "spec.resources.cpu_millis"),
        (changed { $0.resources.memoryBytes = .max }, "spec.resources.memory_bytes"),
        (changed { $0.resources.gpus = 65 }, "spec.resources.gpus"),
        (changed { $0.resources = ResourceRequest(gpus: 1, gpuMemoryBytes: 1) }, "spec.resources.gpu_memory_bytes"),
        (changed { $0.metadata = ["": "x"] }, "spec.metadata"),
        (changed { $0.metadata = ["a": String(repeating: "x", count: 100_000)] }, "spec.metadata"),
        (changed { $0.metadata = ["a": "\0"] }, "spec.metadata"),
    ]

    /// By index: some are too large to be told of.
    @Test(arguments: wrong.indices) func `each wrong field is named`(index: Int) {
        let (spec, field) = Self.wrong[index]
        let found = violations(of: spec, key: nil)

        #expect(found.map(\.field) == [field])
        #expect(found.allSatisfy { !$0.description.isEmpty })
    }

    @Test func `a whole request is well formed`() {
        var spec = Self.command(["/bin/sh", "-c", "echo ünïcode"], environment: ["PATH": "/bin"], folder: "/tmp")
        spec.resources = ResourceRequest(cpuMillis: 500, memoryBytes: 1 << 30, gpus: 1)
        spec.metadata = ["where": "anywhere", "x": ""]
        spec.timeoutMilliseconds = 30_000

        #expect(violations(of: spec, key: "build 42 – ünïcode").isEmpty)
    }

    @Test(arguments: ["", String(repeating: "k", count: 257), "a\nb", "a\0", "\u{7}"])
    func `a key is short and printable`(key: String) {
        #expect(violations(of: TaskSpec(payload: .echo("")), key: key).map(\.field) == ["key"])
    }

    @Test func `everything wrong is told at once`() {
        let spec = Self.changed {
            $0.retries = -1
            $0.priority = 1_000
            $0.resources.cpuMillis = -5
        }

        #expect(violations(of: spec, key: "").count == 4)
    }
}
