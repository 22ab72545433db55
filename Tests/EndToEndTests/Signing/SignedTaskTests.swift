import Foundation
import TestSupport
import Testing

/// Signed tasks on real processes: what a node that requires signatures runs, what it refuses, and what can be verified
/// afterwards.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct SignedTaskTests {
    @Test(arguments: ["ed25519", "p256"])
    func `a signed task runs, its result is verified, and nothing else gets in`(algorithm: String) async throws {
        try await withStrictGrid { grid in
            let key = try await grid.makeSigner("anna", algorithm: algorithm)
            let other = try await grid.makeSigner("mallory", algorithm: algorithm, isTrusted: false)

            let unsigned = try await grid.noizylab("run", "--on", "HP-OMEN", "--", "echo", "no")
            #expect(unsigned.exitCode == 1 && unsigned.stderr.contains("NOT_SIGNED"), "\(unsigned)")
            #expect(!unsigned.stdout.contains("no"))
            let strange = try await grid.noizylab("run", "--sign", other, "--on", "HP-OMEN", "--", "echo", "no")
            #expect(strange.exitCode == 1 && strange.stderr.contains("UNKNOWN_SIGNER"), "\(strange)")

            let signed = try await grid.noizylab(
                "run", "--sign", key, "--key", "nightly", "--on", "HP-OMEN", "--", "sh", "-c",
                "echo out; echo err >&2; exit 3")
            #expect(signed.exitCode == 3 && signed.stdout == "out\n", "\(signed)")
            let verified = try await grid.noizylab("task", "show", "nightly", "--verify", "-o", "json")
            #expect(verified.exitCode == 0, "\(verified)")
            let report = try verified.json()["verification"]
            #expect(report["verified"].bool == true, "\(verified)")
            #expect(
                report["findings"].items.count == 7 && report["findings"].items.allSatisfy { $0["holds"].bool == true })

            // The same key and command name the same task, though the signature is another.
            let again = try await grid.noizylab(
                "run", "--sign", key, "--key", "nightly", "--on", "HP-OMEN", "-o", "json", "--", "sh", "-c",
                "echo out; echo err >&2; exit 3")
            #expect(try await grid.task("nightly")["id"].text == again.json()["id"].text, "\(again)")
            let retry = try await grid.noizylab("task", "retry", "nightly")
            #expect(retry.exitCode == 1 && retry.stderr.contains("signed for one run"), "\(retry)")
        }
    }

    @Test func `a machine that joins can require signatures of its own`() async throws {
        try await withGrid(["--lab", "1"]) { grid in
            let edge = try await grid.edgeAddress()
            let token = try await grid.noizylab("token", "create", "-o", "json").json()["token"].text ?? ""
            let machine = try GridFixture()
            let joined = try await machine.noizylab(
                "join", "\(edge.host):\(edge.port)", "--token", token, "--name", "Strict", "--require-signed")
            #expect(joined.exitCode == 0, "\(joined)")
            try await grid.online(["Strict"])
            let key = try await grid.makeSigner("anna")
            let unsigned = try await grid.noizylab("run", "--on", "Strict", "--", "true")
            #expect(unsigned.exitCode == 1 && unsigned.stderr.contains("NOT_SIGNED"), "\(unsigned)")
            // Trusted on the coordinator's machine is not trusted there.
            let here = try await grid.noizylab("run", "--sign", key, "--on", "Strict", "--", "true")
            #expect(here.exitCode == 1 && here.stderr.contains("UNKNOWN_SIGNER"), "\(here)")
            let shown = try await grid.noizylab("signer", "show", key, "-o", "json").json()["public_key"].text ?? ""
            try await machine.succeeding("signer", "trust", shown, "--name", "anna")
            let there = try await grid.noizylab("run", "--sign", key, "--on", "Strict", "--", "echo", "signed")
            #expect(there.stdout == "signed\n", "\(there)")
            // It still does when it was started again.
            try await machine.stopLeavingNothing()
            try await machine.start([])
            try await grid.online(["Strict"])
            let again = try await grid.noizylab("run", "--on", "Strict", "--", "true")
            #expect(again.exitCode == 1 && again.stderr.contains("NOT_SIGNED"), "\(again)")
            await machine.remove()
        }
    }

    @Test func `large output and any node of the grid are signed for too`() async throws {
        try await withStrictGrid { grid in
            let key = try await grid.makeSigner("anna")
            let many = try await grid.noizylab(
                "exec", "--all", "--sign", key, "-o", "json", "--", "sh", "-c", "seq 1 50000; seq 1 9 >&2")
            #expect(many.exitCode == 0, "\(many)")
            let tasks = try await grid.noizylab("task", "list", "-o", "json").json().items
            #expect(tasks.count == 2)
            for task in tasks {
                let verified = try await grid.noizylab("task", "show", task["id"].text ?? "", "--verify", "-o", "json")
                #expect(verified.exitCode == 0, "\(verified)")
                let findings = try verified.json()["verification"]["findings"].items.compactMap { $0["text"].text }
                #expect(findings.contains { $0.hasPrefix("stdout: 288894 bytes") }, "\(findings)")
            }
        }
    }

    @Test func `trust ends at once, and an agent that died remembers what it let in`() async throws {
        try await withStrictGrid { grid in
            let key = try await grid.makeSigner("anna")
            _ = try await grid.succeeding("run", "--sign", key, "--on", "HP-OMEN", "--", "true")
            kill(try grid.pid(of: "agent", named: "HP-OMEN"), SIGKILL)
            try await eventually("the agent is back") {
                try await grid.noizylab("run", "--sign", key, "--on", "HP-OMEN", "--", "true").exitCode == 0
            }
            let memory = FileManager.default.contents(atPath: "\(grid.home)/nodes/HP-OMEN/envelopes") ?? Data()
            #expect(memory.count >= 112 && memory.count.isMultiple(of: 56), "both are written down: \(memory.count)")

            try await grid.succeeding("signer", "distrust", "anna")
            let late = try await grid.noizylab("run", "--sign", key, "--on", "HP-OMEN", "--", "true")
            #expect(late.exitCode == 1 && late.stderr.contains("UNKNOWN_SIGNER"), "\(late)")
        }
    }

    @Test func `a signature that ran out while its task waited is refused`() async throws {
        try await withStrictGrid { grid in
            let key = try await grid.makeSigner("anna")
            try await grid.succeeding("node", "cordon", "HP-OMEN")
            let id = try await grid.detached("--sign", key, "--sign-for", "1s", "--on", "HP-OMEN", "--", "true")
            try await Task.sleep(for: .milliseconds(1_100))
            try await grid.succeeding("node", "undrain", "HP-OMEN")
            let ended = try await grid.ended(id)
            #expect(ended["state"].text == "failed" && ended["error"].text?.hasPrefix("ENVELOPE_EXPIRED") == true)
        }
    }

    @Test func `a result that no node signed is not verified`() async throws {
        try await withStrictGrid { grid in
            #expect(try await grid.noizylab("run", "--key", "u", "--on", "M2-Ultra", "--", "true").exitCode == 0)
            let unsigned = try await grid.noizylab("task", "show", "u", "--verify")
            #expect(unsigned.exitCode == 1 && unsigned.stdout.contains("not verified"), "\(unsigned)")
            let key = try await grid.makeSigner("anna")
            let cut = try await grid.noizylab(
                "run", "--sign", key, "--key", "c", "--timeout", "300ms", "--on", "HP-OMEN", "--", "sleep", "30")
            #expect(cut.exitCode == 6, "\(cut)")
            let ended = try await grid.noizylab("task", "show", "c", "--verify", "-o", "json")
            let words = try ended.json()["verification"]["findings"].items.compactMap { $0["text"].text }
            #expect(ended.exitCode == 0 && words.contains { $0.contains("timed_out") }, "the node ended it: \(ended)")
        }
    }

    @Test(arguments: [
        ("require_signed = \"yes\"", "true or false"), ("trusted_keys = [\"nzs1-x\"]", "public key"),
        ("link = \"agent\"\nrequire_signed = true", "its own"),
    ])
    func `a configuration that asks for the impossible says so`(line: String, expected: String) async throws {
        let grid = try GridFixture()
        let path = "\(grid.scratch)/noizylab.toml"
        let link = line.contains("link") ? "" : "link = \"local\"\n"
        try """
        [[node]]
        name = "Own"
        link = "local"
        [[node]]
        name = "Other"
        \(link)\(line)
        """.write(toFile: path, atomically: true, encoding: .utf8)
        let result = try await grid.noizylab("start", "--config", path)
        #expect(result.exitCode == 2 && result.stderr.contains(expected), "\(result)")
        await grid.remove()
    }
}
