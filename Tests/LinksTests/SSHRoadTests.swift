import Executors
import Foundation
import GridModel
import Links
import Synchronization
import TestSupport
import Testing

/// The road over SSH when things go wrong, and what it shows of itself.
@Suite(.serialized, .enabled(if: LoopbackSSH.program != nil, "sshd is not installed"), .timeLimit(.minutes(2)))
struct SSHRoadTests {
    @Test func `it tells what the machine is, and measures it twice a second`() async throws {
        try await TestRoad.with(.ssh) { road in
            try await road.until("samples come") { road.samples.withLock { $0 >= 4 } }

            let inventory = try #require(road.inventory.withLock { $0 })
            #expect(inventory.cores >= 1)
            #expect(inventory.memoryBytes > 1 << 20)
            #expect(!inventory.os.isEmpty && !inventory.arch.isEmpty && !inventory.hostname.isEmpty)
        }
    }

    @Test func `a dropped connection ends what ran over it, there too`() async throws {
        try await TestRoad.with(.ssh) { road in
            let mark = "\(Int.random(in: 100_000_000...999_999_999))"
            let attempt = road.start(Command(invocation: .arguments(["sleep", mark])))
            try await road.until("it runs") { attempt.isStarted }

            road.ssh?.dropConnections()

            try await road.until("the road is closed") { road.closed.withLock { $0 != nil } }
            try await road.until("it is lost") { attempt.outcome != nil }
            #expect(attempt.outcome?.end == .lost)
            try await road.until("its process is gone") {
                RoadConformanceTests.processes(matching: "sleep \(mark)") == 0
            }
        }
    }

    @Test func `after a power cut the road opens again`() async throws {
        try await TestRoad.with(.ssh) { road in
            let attempt = road.start(Command(invocation: .arguments(["sleep", "1000"])))
            try await road.until("it runs") { attempt.isStarted }

            road.ssh?.cutPower()
            try await road.until("it is lost") { attempt.outcome?.end == .lost }
            try road.ssh?.start()
            road.inventory.withLock { $0 = nil }
            let reopened = try #require(road.road)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await road.listen(reopened.open()) }
                try await road.until("it is open again") { road.inventory.withLock { $0 != nil } }
                let again = try await road.run("echo", "back")
                #expect(again.text(.stdout) == "back\n")
                group.cancelAll()
            }
        }
    }

    @Test func `secrets stand in no process list`() async throws {
        try await TestRoad.with(.ssh) { road in
            let secret = "s3cret-\(UUID().uuidString)"
            let attempt = road.start(
                Command(
                    invocation: .arguments(["sh", "-c", "printf %s \"$TOKEN\"; sleep 100"]),
                    secrets: ["TOKEN": CommandSecret(open: secret)]))
            try await road.until("it runs") { attempt.text(.stdout) == secret }

            let names = try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }
            for name in names {
                let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") ?? Data()
                #expect(line.range(of: Data(secret.utf8)) == nil)
            }
            attempt.running?.cancel(graceMilliseconds: 0)
            try await road.until("it ends") { attempt.outcome != nil }
        }
    }

    @Test func `a host key that is not known is refused, with the command that helps`() async throws {
        let forget = { (ssh: LoopbackSSH) in try "".write(toFile: ssh.knownHosts, atomically: true, encoding: .utf8) }
        try await withSSHRoad(prepare: forget) { road, ssh in
            var failure: RoadFailure?
            for await event in road.open() { if case .closed(let why) = event { failure = why } }

            #expect(failure?.reason == "the host key of 127.0.0.1 port \(ssh.port) is not known")
            #expect(failure?.remedy.hasPrefix("noizylab node trust test") == true)
        }
    }
}
