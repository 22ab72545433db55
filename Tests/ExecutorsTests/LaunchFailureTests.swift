import Executors
import GridModel
import Testing

@Suite(.timeLimit(.minutes(1)))
struct LaunchFailureTests {
    let node = TestNode()

    @Test func `a program that is not there is named, with the node`() async {
        let outcome = await node.run(program("no-such-program", "x")).outcome()

        #expect(outcome.end == .failed)
        #expect(outcome.exitCode == 127)
        #expect(outcome.error == "cannot start 'no-such-program': not found in PATH of node bench")
    }

    @Test func `a path that is not there is named`() async {
        let outcome = await node.run(program("/no/such/program")).outcome()

        #expect(outcome.exitCode == 127)
        #expect(outcome.error == "cannot start '/no/such/program': no such file on node bench")
    }

    @Test func `a file that cannot be executed is 126`() async {
        let outcome = await node.run(program("/etc/passwd")).outcome()

        #expect(outcome.end == .failed)
        #expect(outcome.exitCode == 126)
        #expect(outcome.error == "cannot start '/etc/passwd': /etc/passwd: permission denied on node bench")
    }

    @Test func `a folder is no program`() async {
        let outcome = await node.run(program("/usr/bin")).outcome()

        #expect(outcome.exitCode == 126)
        #expect(outcome.error.contains("is a directory"))
    }

    @Test func `a working directory that is not there is named`() async {
        let outcome = await node.run(
            .command(Command(invocation: .arguments(["true"]), workingDirectory: "/no/such/folder"))
        ).outcome()

        #expect(outcome.end == .failed)
        #expect(outcome.exitCode == 127)
        #expect(
            outcome.error
                == "cannot use the working directory '/no/such/folder' on node bench: no such file or directory")
    }

    @Test func `an interpreter this node lacks is refused with what to do`() async {
        let node = TestNode(variables: ["PATH": "/nonexistent"])
        let outcome = await node.run(.command(Command(invocation: .script(.cmd, "dir")))).outcome()

        #expect(outcome.end == .refused)
        #expect(outcome.error == "node bench has no cmd: none of cmd is in its PATH (it comes with Windows)")
    }

    @Test func `arguments that are too long for the system are an error, not the end`() async {
        let outcome = await node.run(program("true", String(repeating: "x", count: 10 << 20))).outcome()

        #expect(outcome.end == .failed)
        #expect(outcome.exitCode == 126)
        #expect(outcome.error == "cannot start 'true': its arguments and environment are too long")
    }

    @Test func `a NUL byte is refused`() async {
        #expect(await node.run(program("echo", "a\0b")).outcome().end == .refused)
        #expect(await node.sh("echo a\0b").outcome().end == .refused)
        let environment = Command(invocation: .arguments(["env"]), environment: ["A": "x\0y"])
        #expect(await node.run(.command(environment)).outcome().end == .refused)
    }

    @Test func `a variable whose name holds an equals sign is refused`() async {
        let command = Command(invocation: .arguments(["env"]), environment: ["A=B": "x"])

        #expect(await node.run(.command(command)).outcome().end == .refused)
    }
}
