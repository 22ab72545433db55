import Foundation
import TestSupport
import Testing

/// What the owners of machines say of them: labels, which `--where` asks for, and counts, which `--resource` takes.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct DeclarationTests {
    @Test func `tasks go by labels, and wait for what is counted`() async throws {
        let grid = try GridFixture()
        do {
            try write("labels = { zone = \"attic\" }\nresources = { licence = 1 }", grid)
            try await grid.start(["--config", "\(grid.scratch)/noizylab.toml"])
            try await grid.online(["M2-Ultra", "Attic-1"])
            try await placing(grid)
            try await grid.stopLeavingNothing()

            // What is said now counts from the next start.
            try write("labels = { zone = \"cellar\" }", grid)
            try await grid.start(["--config", "\(grid.scratch)/noizylab.toml"])
            try await grid.online(["M2-Ultra", "Attic-1"])
            let node = try await grid.noizylab("node", "show", "Attic-1", "-o", "json").json()
            #expect(node["labels"]["zone"].text == "cellar" && node["resources"]["licence"].int == nil)
            let gone = try await grid.noizylab("run", "--where", "label.zone == \"attic\"", "--", "true")
            #expect(gone.exitCode != 0 && gone.stderr.contains("cellar"), "\(gone)")
            try await grid.stopLeavingNothing()
        } catch {
            print("the grid's logs, because the test failed:\n\(grid.logs())")
            await grid.remove()
            throw error
        }
        await grid.remove()
    }

    private func placing(_ grid: GridFixture) async throws {
        let placed = try await grid.succeeding("run", "--where", "label.zone == \"attic\"", "-o", "json", "--", "true")
        #expect(try placed.json()["node"].text == "Attic-1")

        let holder = try await grid.detached("--resource", "licence=1", "--", "sleep", "60")
        try await eventually("it runs") { try await grid.task(holder)["state"].text == "running" }
        #expect(try await grid.task(holder)["node"].text == "Attic-1")
        let waiting = try await grid.detached("--resource", "licence=1", "--", "true")
        #expect(try await grid.task(waiting)["state"].text == "queued")
        let why = try await grid.succeeding("task", "why", waiting)
        #expect(why.stdout.contains("0 of 1 licence free, 1 asked for"), "\(why)")

        let shown = try await grid.succeeding("node", "show", "Attic-1")
        #expect(shown.stdout.contains("zone=attic") && shown.stdout.contains("licence=1"), "\(shown)")
        let listed = try await grid.succeeding("node", "list", "-o", "json").json().items
        let attic = try #require(listed.first { $0["name"].text == "Attic-1" })
        #expect(attic["labels"]["zone"].text == "attic" && attic["resources"]["licence"].int == 1)
        #expect(attic["reserved"]["custom"]["licence"].int == 1)

        try await grid.succeeding("task", "cancel", holder)
        let ended = try await grid.ended(waiting)
        #expect(ended["state"].text == "succeeded" && ended["node"].text == "Attic-1")
    }

    @Test func `a machine that joins keeps its labels and counts`() async throws {
        try await withGrid(["--lab", "1"]) { grid in
            let edge = try await grid.edgeAddress()
            let token = try await grid.noizylab("token", "create", "-o", "json").json()["token"].text ?? ""
            let machine = try GridFixture()
            let joined = try await machine.noizylab(
                "join", "\(edge.host):\(edge.port)", "--token", token, "--name", "Attic-2", "--label", "zone=attic",
                "--label", "gpu-box=yes", "--resource", "licence=2")
            #expect(joined.exitCode == 0, "\(joined)")
            try await grid.online(["Attic-2"])
            try await machine.stopLeavingNothing()
            try await machine.start([])
            try await grid.online(["Attic-2"])
            let node = try await grid.noizylab("node", "show", "Attic-2", "-o", "json").json()
            #expect(node["labels"]["zone"].text == "attic" && node["labels"]["gpu-box"].text == "yes")
            #expect(node["resources"]["licence"].int == 2)
            let placed = try await grid.noizylab("run", "--resource", "licence=2", "-o", "json", "--", "true")
            #expect(try placed.json()["node"].text == "Attic-2", "\(placed)")
            try await machine.stopLeavingNothing()
            await machine.remove()
        }
    }

    private func write(_ lines: String, _ grid: GridFixture) throws {
        try """
        [coordinator]
        node = "M2-Ultra"
        listen = "127.0.0.1:0"
        edge = "127.0.0.1:0"
        [[node]]
        name = "M2-Ultra"
        link = "local"
        [[node]]
        name = "Attic-1"
        link = "local"
        \(lines)
        """.write(toFile: "\(grid.scratch)/noizylab.toml", atomically: true, encoding: .utf8)
    }
}
