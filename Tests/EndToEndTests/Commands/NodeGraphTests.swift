import Foundation
import TestSupport
import Testing

/// `noizylab node list --graph`: the links of a real grid, with what was measured on them.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct NodeGraphTests {
    @Test func `a lab is drawn with measured round trips over loopback`() async throws {
        try await withGrid { grid in
            let links = try await eventuallySome("each link was measured") {
                let links = try await grid.succeeding("node", "list", "--graph", "-o", "json").json()["links"].items
                return links.allSatisfy { ($0["latency_ms"].number ?? 0) > 0 } && links.count == 2 ? links : nil
            }
            for link in links {
                #expect(link["from"].text == "M2-Ultra")
                #expect(link["medium"].text == "loopback")
                #expect(link["encryption"].text == "mutual TLS")
                #expect(link["encrypted"].bool == true)
                #expect(link["jitter_ms"].number != nil)
            }
            let drawing = try await grid.succeeding("node", "list", "--graph")
            #expect(drawing.lines.first == "M2-Ultra  coordinator of NOIZYLAB", "\(drawing)")
            #expect(drawing.lines.count == 3, "\(drawing)")
            #expect(drawing.lines[1].hasPrefix("├── HP-OMEN  online  agent, 127.0.0.1, "), "\(drawing)")
            #expect(drawing.lines[2].hasPrefix("└── Mac-Pro  online  agent, 127.0.0.1, "), "\(drawing)")
            #expect(drawing.lines[2].hasSuffix(" ms, loopback, mutual TLS"), "\(drawing)")
        }
    }

    @Test(.enabled(if: LoopbackSSH.program != nil, "sshd is not installed"))
    func `a node over SSH has its own address, and a round trip that its machine answered`() async throws {
        let ssh = try LoopbackSSH()
        defer { ssh.remove() }
        try "[localhost]:\(ssh.port) \(try String(contentsOfFile: "\(ssh.folder)/host.pub", encoding: .utf8))".write(
            toFile: ssh.knownHosts, atomically: true, encoding: .utf8)
        try await withGrid(config: GridStanzas.grid(ssh.node("there", address: "localhost"))) { grid in
            let link = try await eventuallySome("the link was measured") {
                let links = try await grid.succeeding("node", "list", "--graph", "-o", "json").json()["links"].items
                return links.first { ($0["latency_ms"].number ?? 0) > 0 }
            }
            #expect(link["to"].text == "there")
            #expect(link["encryption"].text == "SSH")
            #expect(link["medium"].text == "loopback")
            let listed = try await grid.succeeding("node", "list", "-o", "json").json().items
            #expect(listed.first { $0["name"].text == "there" }?["address"].text == "localhost")
        }
    }
}
