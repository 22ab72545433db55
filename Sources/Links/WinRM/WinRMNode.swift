package import GridModel

/// A node that is reached over WinRM, and how what is ours on its host is told from what is not.
package struct WinRMNode: Sendable {
    package var name: NodeName
    /// No other coordinator has it: shells and folders on the host are found again by it.
    package var tag: String

    package init(name: NodeName, tag: String) {
        self.name = name
        self.tag = tag
    }

    /// A new GUID for a shell of this node: its first half tells whose it is, the rest is chance.
    func shellID() -> String { Self.guid(mark, UInt64.random(in: .min ... .max)) }

    static func anyID() -> String { guid(UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max)) }

    func isOurs(shell: String) -> Bool { shell.uppercased().hasPrefix(Self.guid(mark, 0).prefix(18)) }

    /// FNV-1a of the tag.
    private var mark: UInt64 { tag.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 } }

    private static func guid(_ first: UInt64, _ second: UInt64) -> String {
        let digits = [first, second].map { half in
            let text = String(half, radix: 16, uppercase: true)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
        let groups = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { range in
            String(Array(digits)[range])
        }
        return groups.joined(separator: "-")
    }
}
