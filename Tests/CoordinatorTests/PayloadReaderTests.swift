import Coordinator
import GridModel
import GridWire
import Testing

struct PayloadReaderTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let type: String
        let payload: String
        let expected: TaskPayload
        var testDescription: String { "\(type): \(payload.prefix(40))" }

        init(_ type: String, _ payload: String, _ expected: TaskPayload) {
            self.type = type
            self.payload = payload
            self.expected = expected
        }
    }

    private static func script(_ by: Command.Interpreter, _ text: String) -> TaskPayload {
        .command(Command(invocation: .script(by, text)))
    }

    static let accepted: [Case] = [
        Case("echo", "hello", .echo("hello")),
        Case("echo", "", .echo("")),
        Case("echo", #"{"text": "hi"}"#, .echo("hi")),
        Case("echo", #"{"message": "hi"}"#, .echo(#"{"message": "hi"}"#)),
        Case("echo", #"{"text": "#, .echo(#"{"text": "#)),
        Case("shell", "echo one; echo two", script(.sh, "echo one; echo two")),
        Case("shell", "{ echo a; } 2>&1", script(.sh, "{ echo a; } 2>&1")),
        Case("shell", #"{"script": "exit 3"}"#, script(.sh, "exit 3")),
        Case("shell", "\n {\n \"script\": \"x\", \"interpreter\": \"bash\"}", script(.bash, "x")),
        Case(
            "shell", #"{"arguments": ["ls", "-l"], "cwd": "/tmp", "env": {"A": "b"}, "stdin": "in"}"#,
            .command(
                Command(
                    invocation: .arguments(["ls", "-l"]), environment: ["A": "b"], workingDirectory: "/tmp",
                    standardInput: Array("in".utf8)))),
        Case("python", "print({})", script(.python, "print({})")),
        Case("python", #"{"source": "print(1)"}"#, script(.python, "print(1)")),
        Case("network_diagnostic", "example.org", .network(NetworkCheck(kind: .ping, host: "example.org"))),
        Case(
            "network_diagnostic", #"{"host": "h", "check": "tcp", "port": 22}"#,
            .network(NetworkCheck(kind: .tcp, host: "h", port: 22))),
    ]

    @Test(arguments: accepted)
    func `payloads are read as documented`(item: Case) throws {
        #expect(try PayloadReader.read(type: item.type, payload: item.payload) == item.expected)
    }

    static let refused: [(String, String, field: String)] = [
        ("teleport", "x", "task_type"),
        ("", "x", "task_type"),
        ("shell", "", "payload"),
        ("shell", #"{"script": "#, "payload"),
        ("shell", "{}", "script"),
        ("shell", #"{"script": "x", "arguments": ["y"]}"#, "script"),
        ("shell", #"{"script": 7}"#, "payload.script"),
        ("shell", #"{"script": "x", "interpreter": "cobol"}"#, "interpreter"),
        ("shell", #"{"script": "x", "interpreter": "python"}"#, "interpreter"),
        ("shell", #"{"script": "x", "skript": "y"}"#, "payload.skript"),
        ("shell", #"{"arguments": "ls"}"#, "payload.arguments"),
        ("shell", #"{"arguments": ["ls", 1]}"#, "payload.arguments"),
        ("shell", #"{"script": "x", "env": {"A": 1}}"#, "payload.env.A"),
        ("shell", #"{"script": "x", "env": []}"#, "payload.env"),
        ("python", #"{"interpreter": "sh", "script": "x"}"#, "payload.interpreter"),
        ("network_diagnostic", #"{"check": "ping"}"#, "host"),
        ("network_diagnostic", #"{"host": "h", "check": "astrology"}"#, "check"),
        ("network_diagnostic", #"{"host": "h", "port": 70000}"#, "port"),
        ("network_diagnostic", #"{"host": "h", "port": 1.5}"#, "port"),
        ("network_diagnostic", #"{"host": "h", "port": "22"}"#, "port"),
        ("network_diagnostic", #"{"host": "h", "port": 1e400}"#, "payload"),
        ("shell", "{\"script\": " + String(repeating: "[", count: 100_000), "payload"),
        ("shell", "{\"a\": " + String(repeating: "{\"a\": ", count: 50_000), "payload"),
    ]

    @Test(arguments: refused)
    func `bad payloads name the field`(type: String, payload: String, field: String) {
        do {
            let read = try PayloadReader.read(type: type, payload: payload)
            Issue.record("accepted as \(read)")
        } catch {
            #expect(error.refusal.code == .invalidArgument)
            #expect(error.refusal.violations.map(\.field).contains(field), "\(error.refusal.violations)")
        }
    }

    @Test func `known metadata steers and all of it is kept`() throws {
        var request = Noizylab_Grid_ExecuteTaskRequest()
        request.taskType = "echo"
        request.timeoutSeconds = .max
        request.metadata = [
            "priority": "7", "retries": "2", "node": "HP-OMEN", "on_lost": "fail", "durability": "ephemeral",
            "colour": "blue",
        ]

        let spec = try request.spec(defaultTimeoutMilliseconds: 5)

        #expect(spec.priority == 7)
        #expect(spec.retries == 2)
        #expect(spec.node?.text == "HP-OMEN")
        #expect(spec.onLost == .fail)
        #expect(spec.durability == .ephemeral)
        #expect(spec.metadata == request.metadata)
        #expect(violations(of: spec, key: nil).isEmpty)
    }

    @Test(arguments: [
        ("priority", "high"), ("priority", "101"), ("retries", "-3"), ("on_lost", "cry"), ("durability", "eternal"),
        ("node", "no such name"), ("where", "os=linux"),
    ])
    func `bad metadata is refused by name`(key: String, value: String) {
        var request = Noizylab_Grid_ExecuteTaskRequest()
        request.taskType = "echo"
        request.metadata = [key: value]

        #expect {
            try request.spec(defaultTimeoutMilliseconds: 0)
        } throws: {
            ($0 as? OperationError)?.refusal.violations.map(\.field) == ["metadata.\(key)"]
        }
    }
}
