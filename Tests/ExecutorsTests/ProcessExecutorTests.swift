import Executors
import GridModel
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ProcessExecutorTests {
    let node = TestNode()

    @Test func `a program prints on two streams and ends with its code`() async {
        let attempt = await node.sh("echo one; echo two >&2; exit 3")

        let outcome = await attempt.outcome()
        #expect(attempt.stdout == "one\n")
        #expect(attempt.stderr == "two\n")
        #expect(outcome.end == .failed)
        #expect(outcome.exitCode == 3)
        #expect(outcome.error == "ended with exit code 3")
        #expect(attempt.events.first == .started)
    }

    @Test func `events come in order and the end comes last`() async {
        let attempt = await node.sh("for i in 1 2 3 4 5 6 7 8 9; do echo $i; done")

        #expect(attempt.stdout == "1\n2\n3\n4\n5\n6\n7\n8\n9\n")
        guard case .finished = attempt.events.last else {
            Issue.record("the last event is \(String(describing: attempt.events.last))")
            return
        }
    }

    @Test func `usage tells of processor time and memory`() async {
        let outcome = await node.sh("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done").outcome()

        #expect(outcome.usage.userMicroseconds + outcome.usage.systemMicroseconds > 1_000)
        #expect(outcome.usage.maxResidentBytes > 100_000)
        #expect(outcome.runMicroseconds > 1_000)
    }

    @Test func `a signal that ends a program is reported`() async {
        let outcome = await node.sh("kill -SEGV $$").outcome()

        #expect(outcome.end == .failed)
        #expect(outcome.signal == 11)
        #expect(outcome.exitCode == nil)
        #expect(outcome.error == "ended by signal 11")
    }

    @Test(arguments: [0, 1, 65_536, 3_000_000])
    func `standard input arrives whole and ends`(size: Int) async {
        let input = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let attempt = await node.run(
            .command(Command(invocation: .arguments(["cat"]), standardInput: input)))

        #expect(attempt.bytes(.stdout) == input)
        #expect(await attempt.outcome().end == .succeeded)
    }

    @Test func `a program that does not read its input still ends well`() async {
        let attempt = await node.run(
            .command(Command(invocation: .arguments(["true"]), standardInput: [UInt8](repeating: 65, count: 1 << 20))))

        #expect(await attempt.outcome().end == .succeeded)
    }

    @Test func `only listed variables of the agent are passed on`() async {
        let node = TestNode(variables: ["LANG": "C.UTF-8"])
        let attempt = await node.run(
            .command(Command(invocation: .arguments(["env"]), environment: ["MINE": "yes it is"])))

        let names = Set(
            attempt.stdout.split(separator: "\n").compactMap { $0.split(separator: "=").first.map(String.init) })
        let allowed = Set(BaseEnvironment.allowed).union([
            "MINE", "NOIZYLAB_TASK", "NOIZYLAB_ATTEMPT", "NOIZYLAB_NODE", "NOIZYLAB_SCRATCH",
            "NOIZYLAB_MARK",
        ])
        #expect(names.isSubset(of: allowed))
        #expect(attempt.stdout.contains("MINE=yes it is\n"))
        #expect(attempt.stdout.contains("NOIZYLAB_NODE=bench\n"))
        #expect(attempt.stdout.contains("LANG=C.UTF-8\n"))
    }

    @Test func `reserved GPUs are named to the program`() async {
        let attempt = TestAttempt()
        let start = node.attempt(program("env"), gpuIndices: [0, 2])
        attempt.hold(node.executor.start(start, window: 1 << 20) { attempt.take($0) })
        _ = await attempt.outcome()

        #expect(attempt.stdout.contains("CUDA_VISIBLE_DEVICES=0,2\n"))
    }

    @Test func `the working directory is the one asked for`() async {
        let attempt = await node.run(
            .command(Command(invocation: .arguments(["pwd"]), workingDirectory: "/usr/share")))

        #expect(attempt.stdout == "/usr/share\n")
    }

    @Test func `without a working directory it gets a fresh folder that is removed afterwards`() async {
        let attempt = await node.sh("pwd; mkdir -p a/b; echo x > a/b/c; ln -s /usr link")

        let folder = attempt.stdout.trimmed
        #expect(folder.hasPrefix(node.workFolder + "/"))
        await eventually { !fileExists(folder) }
        #expect(fileExists("/usr"))
    }

    @Test func `a folder that was left empty serves again, and one that was not never does`() async {
        let first = await node.sh("pwd").stdout
        let second = await node.sh("pwd; touch left").stdout
        let third = await node.sh("pwd; ls -A").stdout

        #expect(second == first)
        #expect(third != first)
        #expect(third.split(separator: "\n").count == 1)
    }

    @Test func `arguments reach the program exactly as they are`() async {
        let attempt = await node.run(program("printf", "%s|", "a b", "$HOME", "`id`", "'\"\\", "", "naïve 🎛️"))

        #expect(attempt.stdout == "a b|$HOME|`id`|'\"\\||naïve 🎛️|")
    }

    @Test func `binary output arrives as it is`() async {
        let attempt = await node.run(
            .command(
                Command(invocation: .script(.python, "import sys; sys.stdout.buffer.write(bytes(range(256)) * 300)"))))

        #expect(attempt.bytes(.stdout) == (0..<300).flatMap { _ in (0...255).map { UInt8($0) } })
    }

    @Test func `a hundred programs run side by side`() async {
        let attempts = (0..<100).map { node.start(.command(Command(invocation: .script(.sh, "echo \($0)")))) }

        for (index, attempt) in attempts.enumerated() {
            #expect(await attempt.outcome().end == .succeeded)
            #expect(attempt.stdout == "\(index)\n")
        }
    }

    @Test func `a long script does not have to fit into an argument`() async {
        let filler = String(repeating: "# filler\n", count: 200_000)
        let attempt = await node.sh(filler + "echo done $#")

        #expect(attempt.stdout == "done 0\n")
    }

    @Test func `output of what a program left behind is still read for a moment`() async {
        let attempt = await node.sh("(read -r line < /dev/null; echo late) & exit 0")

        #expect(attempt.stdout == "late\n")
        #expect(await attempt.outcome().end == .succeeded)
    }

    @Test func `what a program left in its group is ended with it`() async {
        let attempt = await node.sh("sleep 1000 & echo $!")

        #expect(await attempt.outcome().end == .succeeded)
        let left = Int32(attempt.stdout.trimmed) ?? 0
        #expect(left > 1)
        await eventually { !isAlive(left) }
    }
}
