import Testing

@testable import noizylab

/// When a supervisor starts a process again.
struct PartMachineTests {
    private let record = ProcessRecord(pid: 7, startTime: 1, boot: "b")

    @Test func `it starts at once, and again at once after a long life`() {
        var machine = PartMachine(.coordinator)
        #expect(machine.due(at: 0) == .start)

        machine.started(record, isChild: true, at: 0)
        #expect(machine.due(at: 50) == .none)
        machine.ended("exit code 1", at: 60_000)

        #expect(machine.due(at: 60_000) == .start)
        #expect(machine.report(at: 60_000).restarts == 1)
        #expect(machine.report(at: 60_000).lastExit == "exit code 1")
    }

    @Test func `quick ends are followed by longer and longer pauses`() {
        var machine = PartMachine(.agent("A"))
        var now: Int64 = 0
        var pauses: [Int64] = []
        for _ in 0..<10 {
            machine.started(record, isChild: true, at: now)
            machine.ended("exit code 1", at: now + 5)
            var due = now + 5
            while machine.due(at: due) == .none { due += 100 }
            pauses.append(due - now - 5)
            now = due
        }

        #expect(pauses == [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000])
    }

    @Test func `a long life forgets the quick ends before it`() {
        var machine = PartMachine(.coordinator)
        for _ in 0..<5 {
            machine.started(record, isChild: true, at: 0)
            machine.ended("x", at: 1)
        }
        machine.started(record, isChild: true, at: 0)
        machine.ended("x", at: 20_000)

        #expect(machine.due(at: 20_000) == .start)
    }

    @Test func `one that is killed comes back soon, however often`() {
        var machine = PartMachine(.coordinator)
        for _ in 0..<10 {
            machine.started(record, isChild: true, at: 0)
            machine.ended("signal 9", at: 5)
        }

        #expect(machine.due(at: 104) == .none)
        #expect(machine.due(at: 105) == .start)
        #expect(machine.report(at: 105).quickEnds == 0)
    }

    @Test func `what has settled is no longer hopeless`() {
        var machine = PartMachine(.coordinator)
        for _ in 0..<4 {
            machine.started(record, isChild: true, at: 0)
            machine.ended("exit code 1", at: 1)
        }
        machine.started(record, isChild: true, at: 100)

        #expect(machine.report(at: 200).quickEnds == 4)
        #expect(machine.report(at: 10_100).quickEnds == 0)
        #expect(machine.report(at: 10_100).restarts == 4)
    }

    @Test func `an end that is told twice counts once`() {
        var machine = PartMachine(.coordinator)
        machine.started(record, isChild: false, at: 0)
        machine.ended("gone", at: 1)
        machine.ended("gone", at: 2)

        #expect(machine.report(at: 60_000).restarts == 1)
    }

    @Test(arguments: [
        ("supervisor", GridPart.supervisor), ("coordinator", .coordinator), ("agent-Mac-Pro", .agent("Mac-Pro")),
    ])
    func `a part is known by its name`(text: String, part: GridPart) {
        #expect(GridPart(text) == part)
        #expect("\(part)" == text)
    }

    @Test func `this process is alive, and another start time is a stranger's`() {
        var own = ProcessRecord.ofThisProcess()
        #expect(own.isAlive)
        own.startTime += 1
        #expect(!own.isAlive)
        own.startTime -= 1
        own.boot = "another boot"
        #expect(!own.isAlive)
    }
}
