import Executors
import GridModel
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

@Suite(.timeLimit(.minutes(1)))
struct OrphanSweepTests {
    /// Stands for an agent that is gone: nothing but its folders and what it started are left.
    let node = TestNode()

    @Test func `what a killed agent left is ended and its folders are emptied`() async {
        let attempt = node.start(
            .command(
                Command(invocation: .script(.sh, "echo $$; setsid sh -c 'echo $$; exec sleep 1000' & sleep 1000"))))
        await attempt.wait { TestAttempt.bytes($0, .stdout).count { $0 == 10 } == 2 }
        let processes = attempt.stdout.split(separator: "\n").compactMap { Int32($0) }

        let (found, left) = OrphanSweep(workFolder: node.folder + "/work", recordsFolder: node.folder + "/attempts")
            .run()

        #expect(found >= 2)
        #expect(left == 0)
        for process in processes { #expect(!isAlive(process)) }
        #expect(Folders.names(in: node.folder + "/attempts").isEmpty)
        #expect(Folders.names(in: node.folder + "/work").isEmpty)
        _ = await attempt.outcome()
    }

    @Test func `a stranger that got the number of an old process is left alone`() async {
        let stranger = node.start(program("sleep", "1000"))
        await stranger.wait { !$0.isEmpty }
        await eventually { !Folders.names(in: node.folder + "/attempts").isEmpty }
        let record = Folders.names(in: node.folder + "/attempts").first ?? ""
        let fields = (Folders.readText("\(node.folder)/attempts/\(record)") ?? "").split(separator: " ")
        let process = Int32(fields.first ?? "") ?? 0
        let other = node.folder + "/other"
        Folders.make(other + "/attempts")
        Folders.make(other + "/work")
        Folders.write(Array("\(process) 12345 \(fields[2])".utf8), to: other + "/attempts/00000000.1")

        let (found, _) = OrphanSweep(workFolder: other + "/work", recordsFolder: other + "/attempts").run()

        #expect(found == 0)
        #expect(isAlive(process))
        stranger.cancel(graceMilliseconds: 0)
        _ = await stranger.outcome()
    }

    @Test(arguments: ["", "x", "1 1 boot", "-5 3 boot", "99999999999 1 boot", "1"])
    func `a record that makes no sense harms nobody`(text: String) {
        let folder = node.folder + "/odd"
        Folders.make(folder + "/attempts")
        Folders.write(Array(text.utf8), to: folder + "/attempts/x")

        #expect(OrphanSweep(workFolder: folder + "/work", recordsFolder: folder + "/attempts").run().found == 0)
    }
}
