import GridModel
import Testing

@testable import noizylab

struct ConfigAdditionTests {
    private let addition = ConfigAddition(
        name: "Mac-Pro", address: "192.168.1.21",
        stanza: "[[node]]\nname = \"Mac-Pro\"\nlink = \"ssh\"\naddress = \"192.168.1.21\"\n")

    private func text(addingTo old: String?) throws -> String {
        try addition.text(addingTo: old, path: "noizylab.toml", hostName: "studio.lan")
    }

    @Test(arguments: [nil, "", "# mine\ncluster = \"STUDIO\"\n"])
    func `a file that names no node goes on meaning this machine too`(_ old: String?) throws {
        let new = try text(addingTo: old)

        #expect(new.hasPrefix(old ?? ""))
        let config = try GridConfig(
            file: try ConfigFile(text: new, path: "f"), path: "f", environment: { _ in nil }, flags: [:],
            hostName: "studio")
        #expect(config.nodes.map(\.name.text) == ["studio", "Mac-Pro"])
        #expect(config.nodes.map(\.link) == [.local, .ssh])
    }

    @Test func `what its owner wrote stays as it was`() throws {
        let old = "[[node]]   # the big one\nname = 'M2-Ultra'\nlink = \"local\""
        #expect(try text(addingTo: old) == old + "\n\n" + addition.stanza)
    }

    @Test(arguments: [
        ("name = \"Mac-Pro\"\nlink = \"agent\"", "there is a node 'Mac-Pro' already"),
        ("name = \"other\"\nlink = \"agent\"\naddress = \"192.168.1.21\"", "there is a node at 192.168.1.21 already"),
    ])
    func `the same machine is not added twice`(_ node: String, _ message: String) {
        #expect(throws: ConfigError.self) {
            do {
                _ = try text(addingTo: "[[node]]\nname = \"a\"\nlink = \"local\"\n[[node]]\n\(node)\n")
            } catch let error as ConfigError {
                #expect(error.message == message)
                throw error
            }
        }
    }

    @Test(arguments: [
        "cluster = ", "lisen = 1", "[[node]]\nname = \"a\"\nlink = \"local\"\n[node.labels]\nzone = \"\"\"x",
    ])
    func `a file that is not well formed is left alone`(_ old: String) {
        #expect(throws: ConfigError.self) { try text(addingTo: old) }
    }
}
