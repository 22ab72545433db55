import Executors
import GridModel
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ProcessEndingTests {
    let node = TestNode { $0.timeoutGraceMilliseconds = 50 }

    @Test func `a time-out ends the whole tree, those too that left session and parents`() async {
        let attempt = await node.run(
            .command(
                Command(
                    invocation: .script(
                        .sh,
                        """
                        sleep 1000 & echo $!
                        setsid sh -c 'echo $$; exec sleep 1000' &
                        (setsid sh -c '(echo $(exec sh -c "echo \\$PPID"); exec sleep 1000) & exit 0' &)
                        sh -c 'trap "" TERM; echo $$; while :; do sleep 1000; done' &
                        wait
                        """))), timeoutMilliseconds: 500)

        let outcome = await attempt.outcome()
        #expect(outcome.end == .timedOut)
        #expect(outcome.error == "did not end within 500 ms")
        let processes = attempt.stdout.split(separator: "\n").compactMap { Int32($0) }
        #expect(processes.count == 4)
        for process in processes { #expect(!isAlive(process)) }
    }

    @Test func `a cancel asks first`() async {
        let attempt = node.start(
            .command(
                Command(invocation: .script(.sh, "trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.01; done"))
            ))
        await attempt.waitForOutput("up")

        attempt.cancel(graceMilliseconds: 20_000)

        let outcome = await attempt.outcome()
        #expect(outcome.end == .cancelled)
        #expect(outcome.exitCode == 7)
        #expect(attempt.stdout == "up\nbye\n")
    }

    @Test func `a program that ignores TERM is ended after the grace`() async {
        let attempt = node.start(
            .command(Command(invocation: .script(.sh, "trap '' TERM; echo up; while :; do sleep 0.01; done"))))
        await attempt.waitForOutput("up")

        attempt.cancel(graceMilliseconds: 100)

        let outcome = await attempt.outcome()
        #expect(outcome.end == .cancelled)
        #expect(outcome.signal == 9)
        #expect(outcome.runMicroseconds > 90_000)
    }

    @Test func `a stopped program can be cancelled`() async {
        let attempt = node.start(.command(Command(invocation: .script(.sh, "echo up; kill -STOP $$; echo never"))))
        await attempt.waitForOutput("up")

        attempt.cancel(graceMilliseconds: 200)

        #expect(await attempt.outcome().end == .cancelled)
    }

    @Test func `a cancel after the end changes nothing`() async {
        let attempt = await node.sh("exit 0")

        attempt.cancel(graceMilliseconds: 0)

        #expect(await attempt.outcome().end == .succeeded)
    }

    @Test func `a slow reader holds the program back and nothing is lost`() async {
        let size = 50 << 20
        let attempt = node.start(
            .command(Command(invocation: .script(.sh, "head -c \(size) /dev/zero; echo end >&2"))), window: 1 << 20)

        await attempt.wait { TestAttempt.bytes($0, .stdout).count >= 1 << 20 }
        #expect(attempt.bytes(nil).count == 1 << 20)
        var allowed = 1 << 20
        while allowed < size + 4 {
            attempt.allowOutput(8 << 20)
            allowed += 8 << 20
            let expected = min(allowed, size)
            await attempt.wait { $0.outputCount >= expected }
            #expect(attempt.events.outputCount <= allowed)
        }

        #expect(await attempt.outcome().end == .succeeded)
        #expect(attempt.bytes(.stdout).count == size)
        #expect(attempt.stderr == "end\n")
    }

    @Test func `an attempt whose output nobody takes can be cancelled`() async {
        let attempt = node.start(program("yes"), window: 100_000)
        await attempt.wait { $0.outputCount == 100_000 }

        attempt.cancel(graceMilliseconds: 1_000)

        #expect(await attempt.outcome().end == .cancelled)
    }
}

extension [AttemptEvent] {
    var outputCount: Int {
        reduce(0) { if case .output(_, let bytes) = $1 { $0 + bytes.count } else { $0 } }
    }
}
