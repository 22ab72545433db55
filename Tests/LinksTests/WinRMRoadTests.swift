import Executors
import Foundation
import GridModel
import Links
import Synchronization
import TestSupport
import Testing

/// The road over WinRM: what is Windows' own, and what happens when things go wrong.
@Suite(.serialized, .enabled(if: StrictServer.isThere, "\(StrictServer.skipping)"), .timeLimit(.minutes(2)))
struct WinRMRoadTests {
    @Test func `it tells what the host is, and measures it twice a second`() async throws {
        try await TestRoad.with(.winrm) { road in
            let begin = ContinuousClock.now
            let before = road.samples.withLock { $0 }
            try await road.until("samples come") { road.samples.withLock { $0 >= before + 6 } }

            #expect(begin.duration(to: .now) < .seconds(5))
            let inventory = try #require(road.inventory.withLock { $0 })
            #expect(inventory.os == "windows" && inventory.arch == "x86_64" && inventory.hostname == "WIN-ACCEPT01")
            #expect(inventory.cores == 64 && inventory.memoryBytes == 68_619_046_912)
            #expect(inventory.gpus.map(\.model) == ["NVIDIA RTX A5000", "NVIDIA RTX A5000"])
            #expect(inventory.gpus.first?.memoryBytes == 24_564 << 20)
            try await road.until("GPUs are measured") { road.gpus.withLock { $0.count == 2 } }
        }
    }

    @Test func `a script of PowerShell ends with the code it should`() async throws {
        try await TestRoad.with(.winrm) { road in
            let ends: [(String, Int32)] = [
                ("Write-Output 'héllo'", 0), ("exit 7", 7), ("sh -c 'exit 5'", 5), ("throw 'no'", 1),
                ("Write-Error 'bad'", 1), ("Write-Error 'bad'; Write-Output 'good'", 0),
                ("sh -c 'exit 5'; Write-Output 'after'", 5),
                ("# " + String(repeating: "x", count: 300_000) + "\nexit 3", 3),
            ]
            for (text, code) in ends {
                let attempt = try await road.run(Command(invocation: .script(.powershell, text)))
                #expect(attempt.outcome?.exitCode == code, "\(text.prefix(60)): \(attempt.text(.stderr))")
            }
        }
    }

    @Test func `errors come as text, and progress as progress`() async throws {
        try await TestRoad.with(.winrm) { road in
            let attempt = try await road.run(
                Command(
                    invocation: .script(
                        .powershell,
                        "Write-Progress -Activity 'Copying' -Status 'a of b' -PercentComplete 40\nWrite-Error 'so <bad>'\n"
                            + "Write-Warning 'careful'\nWrite-Output 'out'")))

            #expect(attempt.events.contains(.progress(percent: 40, stage: "Copying: a of b")))
            #expect(attempt.text(.stderr).contains("so <bad>"))
            #expect(attempt.text(.stderr).contains("WARNING: careful\r\n"))
            #expect(!attempt.text(.stderr).contains("CLIXML") && !attempt.text(.stderr).contains("Objs"))
            #expect(attempt.text(.stdout) == "out\r\n")
        }
    }

    @Test func `a first byte comes soon, and lines as they are written`() async throws {
        try await TestRoad.with(.winrm) { road in
            try await road.until("a shell is ready") { try road.windows?.counter("commands") ?? 0 >= 4 }
            let begin = ContinuousClock.now
            let attempt = road.start(
                Command(invocation: .arguments(["sh", "-c", "echo first; sleep 2; seq 1 5000"])))
            try await road.until("the first line") { attempt.text(.stdout) == "first\n" }

            #expect(begin.duration(to: .now) < .milliseconds(300))
            try await road.until("it ends") {
                attempt.allowAll()
                return attempt.outcome != nil
            }
            let isInOrder =
                attempt.text(.stdout).split(separator: "\n").dropFirst().map { Int($0) } == (1...5_000).map { $0 }
            #expect(isInOrder)
        }
    }

    @Test func `a power cut loses what runs, and the road opens again`() async throws {
        try await TestRoad.with(.winrm) { road in
            let attempt = road.start(Command(invocation: .arguments(["sh", "-c", "echo up; sleep 1000"])))
            try await road.until("it runs") { attempt.text(.stdout) == "up\n" }

            road.windows?.cutPower()
            road.road?.close()

            try await road.until("the road is closed") { road.closed.withLock { $0 != nil } }
            try await road.until("it is lost") { attempt.outcome?.end == .lost }
            #expect(attempt.outcome?.error.contains("not known") == true)
            try road.windows?.restart()
            road.inventory.withLock { $0 = nil }
            try await withThrowingTaskGroup(of: Void.self) { group in
                let reopened = try #require(road.road)
                group.addTask { await road.listen(reopened.open()) }
                try await road.until("it is open again") { road.inventory.withLock { $0 != nil } }
                let again = try await road.run("sh", "-c", "echo back")
                #expect(again.text(.stdout) == "back\n")
                group.cancelAll()
            }
        }
    }

    @Test func `when shells run out attempts wait for one`() async throws {
        try await TestRoad.with(.winrm, serverArguments: ["--set", "max_shells_per_user=5"]) { road in
            let attempts = (0..<6).map { _ in
                road.start(Command(invocation: .arguments(["sh", "-c", "sleep 0.3; echo done"])))
            }
            try await road.until("all end", seconds: 40) { attempts.allSatisfy { $0.outcome != nil } }

            #expect(attempts.allSatisfy { $0.outcome?.end == .succeeded && $0.text(.stdout) == "done\n" })
        }
    }

    @Test func `a wrong password closes the road with the reason, and is not in it`() async throws {
        try await TestRoad.with(.winrm, password: "hunter2", isToOpen: false) { road in
            try await road.until("it is closed") { road.closed.withLock { $0 != nil } }

            let failure = road.closed.withLock { $0 }
            #expect(failure?.reason.contains("refused the log-on of tester") == true)
            #expect(failure?.remedy.hasPrefix("password = ") == true)
            #expect("\(String(describing: failure))".contains("hunter2") == false)
        }
    }
}
