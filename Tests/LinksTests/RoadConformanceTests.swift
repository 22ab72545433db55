import Executors
import Foundation
import GridModel
import Links
import TestSupport
import Testing

/// What every way to run an attempt must do alike.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct RoadConformanceTests {
    @Test(arguments: RoadKind.allCases)
    func `both streams, the exit code and the order are kept`(_ kind: RoadKind) async throws {
        try await TestRoad.with(kind) { road in
            let attempt = try await road.run("sh", "-c", "echo one; echo two >&2; echo three; exit 7")

            #expect(attempt.text(.stdout) == "one\nthree\n")
            #expect(attempt.text(.stderr) == "two\n")
            #expect(attempt.outcome?.end == .failed)
            #expect(attempt.outcome?.exitCode == 7)
            #expect(attempt.outcome?.signal == nil)
            #expect(attempt.isStarted)
        }
    }

    @Test(arguments: RoadKind.allCases)
    func `a signal is told from the exit code that looks like it`(_ kind: RoadKind) async throws {
        if kind == .winrm { try Test.cancel("Windows has no signals") }
        try await TestRoad.with(kind) { road in
            let killed = try await road.run("sh", "-c", "kill -9 $$")
            let pretended = try await road.run("sh", "-c", "exit 137")
            let highest = try await road.run("sh", "-c", "exit 255")

            #expect(killed.outcome?.signal == 9)
            #expect(killed.outcome?.exitCode == nil)
            #expect(pretended.outcome?.exitCode == 137)
            #expect(pretended.outcome?.signal == nil)
            #expect(highest.outcome?.exitCode == 255)
        }
    }

    @Test(arguments: RoadKind.allCases)
    func `standard input, environment, secrets and folder arrive`(_ kind: RoadKind) async throws {
        try await TestRoad.with(kind) { road in
            let input = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let cat = try await road.run(Command(invocation: .arguments(["/bin/cat"]), standardInput: input))
            let value = "it's \"$HOME\" `x`\nüñ\\ end\n"
            let variables = try await road.run(
                Command(
                    invocation: .arguments(["printenv", "A", "B", "NOIZYLAB_NODE"]), environment: ["A": value],
                    secrets: ["B": CommandSecret(open: "secret")]))

            #expect(cat.bytes(.stdout) == input)
            #expect(variables.text(.stdout) == "\(value)\nsecret\ntest\n")
            // What stands in for a Windows host runs its programs elsewhere, but its PowerShell knows the folder.
            let folder = try await road.run(
                kind == .winrm
                    ? Command(
                        invocation: .script(.powershell, "(Get-Location).Path"), workingDirectory: "C:\\Windows")
                    : Command(invocation: .arguments(["pwd"]), workingDirectory: "/usr"))
            #expect(folder.text(.stdout) == (kind == .winrm ? "C:\\Windows\r\n" : "/usr\n"))
        }
    }

    @Test(arguments: RoadKind.allCases)
    func `every argument arrives as it is`(_ kind: RoadKind) async throws {
        if kind == .winrm { try Test.cancel("the stand-in hands arguments on as a list, which PowerShell does not") }
        try await TestRoad.with(kind) { road in
            var random = SystemRandomNumberGenerator()
            let alphabet = Array("ab '\"\\$`!*?[]{}()<>|&;#~%=\n\t\r-é漢😀\u{1}\u{7f}").map(String.init)
            for _ in 0..<12 {
                let words = (0..<20).map { _ in
                    (0..<Int.random(in: 0...12, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? ""
                    }
                    .joined()
                }
                let attempt = try await road.run(
                    Command(invocation: .arguments(["sh", "-c", #"for a; do printf '%s\0' "$a"; done"#, "sh"] + words)))

                #expect(attempt.text(.stdout) == words.map { $0 + "\0" }.joined(), "\(words)")
            }
        }
    }

    @Test(arguments: RoadKind.allCases)
    func `what cannot be started is said as shells do`(_ kind: RoadKind) async throws {
        try await TestRoad.with(kind) { road in
            let missing = try await road.run("no-such-program")
            let folder = try await road.run(
                Command(invocation: .arguments(["true"]), workingDirectory: "/no/such/folder"))

            #expect(missing.outcome?.exitCode == 127)
            #expect(missing.outcome?.error == "cannot start 'no-such-program': not found in PATH of node test")
            #expect(folder.outcome?.exitCode == 127)
            #expect(folder.outcome?.error.contains("/no/such/folder") == true)
            guard kind != .winrm else { return }
            let data = try await road.run("/etc/passwd")
            #expect(data.outcome?.exitCode == 126)
        }
    }

    @Test(arguments: RoadKind.allCases)
    func `50 MB of any bytes arrive whole, as fast as they are taken`(_ kind: RoadKind) async throws {
        try await TestRoad.with(kind) { road in
            let attempt = try await road.run(
                Command(
                    invocation: .arguments([
                        "perl", "-e", "$b = join '', map { chr } 0..255; print $b x 4096 for 1..50; print STDERR $b",
                    ])), within: 90)

            let block = (0..<256).map { UInt8($0) }
            let output = attempt.bytes(.stdout)
            #expect(output.count == 50 << 20)
            #expect(
                stride(from: 0, to: output.count, by: 1 << 20).allSatisfy { Array(output[$0..<($0 + 256)]) == block })
            #expect(attempt.bytes(.stderr) == block)
        }
    }

    @Test(arguments: RoadKind.allCases)
    func `output that nobody takes stops the program`(_ kind: RoadKind) async throws {
        try await TestRoad.with(kind) { road in
            let attempt = road.start(Command(invocation: .arguments(["yes"])), window: 100_000)
            try await road.until("the window is used up") { attempt.bytes(.stdout).count >= 90_000 }
            attempt.running?.allowOutput(50_000)
            try await road.until("and what is allowed then") { attempt.bytes(.stdout).count >= 140_000 }

            #expect(attempt.bytes(.stdout).count <= 150_000)
            attempt.running?.cancel(graceMilliseconds: 0)
            try await road.until("it ends") {
                attempt.allowAll()
                return attempt.outcome != nil
            }
        }
    }

    @Test(arguments: RoadKind.allCases)
    func `a cancel ends the whole tree, and is told as one`(_ kind: RoadKind) async throws {
        try await TestRoad.with(kind) { road in
            let mark = "\(Int.random(in: 100_000_000...999_999_999))"
            // On Windows nothing leaves the job of its shell; what stands in for it has process groups.
            let escape = kind == .winrm ? "" : "setsid "
            let attempt = road.start(
                Command(
                    invocation: .arguments([
                        "sh", "-c",
                        "trap '' TERM; (sleep \(mark); true) & \(escape)sleep \(mark) & echo up; wait; sleep \(mark)",
                    ])))
            try await road.until("it runs") { attempt.text(.stdout) == "up\n" }

            attempt.running?.cancel(graceMilliseconds: 300)
            try await road.until("it ends") { attempt.outcome != nil }

            #expect(attempt.outcome?.end == .cancelled)
            try await road.until("the tree is gone") { Self.processes(matching: "sleep \(mark)") == 0 }
        }
    }

    @Test(arguments: RoadKind.allCases)
    func `an attempt that takes too long is ended`(_ kind: RoadKind) async throws {
        try await TestRoad.with(kind) { road in
            let attempt = try await road.run(
                Command(invocation: .arguments(["sleep", "100"])), timeoutMilliseconds: 400)

            #expect(attempt.outcome?.end == .timedOut)
            #expect(attempt.outcome?.error == "did not end within 400 ms")
        }
    }

    @Test(arguments: RoadKind.allCases)
    func `a command that is silent for long is left alone`(_ kind: RoadKind) async throws {
        try await TestRoad.with(kind) { road in
            let attempt = try await road.run("sh", "-c", "sleep 6; echo done")

            #expect(attempt.text(.stdout) == "done\n")
            #expect(attempt.outcome?.end == .succeeded)
        }
    }

    static func processes(matching text: String) -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.filter { name in
            guard Int(name) != nil, let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") else {
                return false
            }
            return String(decoding: line.map { $0 == 0 ? 32 : $0 }, as: UTF8.self).hasPrefix(text)
        }.count
    }
}
