import Foundation
import TestSupport
import Testing

/// A full disk: said clearly, nothing acknowledged lost, and all well once there is room.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct DiskFullTests {
    /// A home on a small disk of its own. Needs the right to mount.
    private static func withSmallDisk(_ body: (_ folder: String) async throws -> Void) async throws {
        let folder = try Workspace.freshFolder("disk")
        let mounted = try await run("mount -t tmpfs -o size=48m,mode=700 tmpfs \(folder)")
        guard mounted.exitCode == 0 else { throw TestFailure("no small disk: \(mounted)") }
        do {
            try await body(folder)
        } catch {
            _ = try await run("umount -l \(folder); rmdir \(folder)")
            throw error
        }
        _ = try await run("umount -l \(folder); rmdir \(folder)")
    }

    private static func run(_ line: String) async throws -> ProgramResult {
        try await RunningProgram("/bin/sh", ["-c", line], environment: ProcessInfo.processInfo.environment).finished()
    }

    /// Root in a container may still not be allowed to mount, so it is tried.
    static let mayMount: Bool = {
        let probe = "/tmp/noizylab-e2e-\(getpid())-mount"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [
            "-c",
            "mkdir -p \(probe) && mount -t tmpfs tmpfs \(probe) 2>/dev/null && umount \(probe); r=$?; rmdir \(probe); exit $r",
        ]
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    @Test(.enabled(if: DiskFullTests.mayMount, "mounting a small disk needs root: the disk-full test was not run"))
    func `a full disk refuses clearly, loses nothing, and heals`() async throws {
        try await Self.withSmallDisk { disk in
            try await withGrid(home: "\(disk)/home") { grid in
                var kept: [String] = []
                for number in 0..<5 {
                    let id = try await grid.detached("--key", "before-\(number)", "--", "echo", "kept \(number)")
                    _ = try await grid.ended(id)
                    kept.append(id)
                }
                let filler = "\(disk)/filler"
                _ = try await Self.run("dd if=/dev/zero of=\(filler) bs=64k status=none")

                // Pages that the store has already may take a few more; soon it must say no.
                var accepted: [Int: String] = [:]
                var refusal: ProgramResult?
                for number in 0..<400 {
                    let result = try await grid.noizylab(
                        "run", "--detach", "-o", "json", "--key", "during-\(number)", "--", "echo", "during \(number)")
                    if result.exitCode == 0, let id = try result.json()["id"].text {
                        accepted[number] = id
                    } else {
                        refusal = result
                        break
                    }
                }
                let refused = try #require(refusal, "400 tasks were accepted on a full disk")
                let said = refused.stderr.lowercased()
                #expect(said.contains("disk") || said.contains("space"), "it says what is the matter\n\(refused)")

                try FileManager.default.removeItem(atPath: filler)
                try await eventually(
                    "it works again once there is room", within: .seconds(40), every: .milliseconds(300)
                ) {
                    try await grid.noizylab("run", "--", "echo", "room").stdout == "room\n"
                }
                for (number, id) in kept.enumerated() {
                    let task = try await grid.task(id)
                    #expect(task["state"].text == "succeeded" && task["stdout"].text == "kept \(number)\n", "\(task)")
                }
                for (number, id) in accepted {
                    let task = try await grid.ended(id)
                    #expect(task["state"].text == "succeeded" && task["stdout"].text == "during \(number)\n", "\(task)")
                }
            }
        }
    }
}
