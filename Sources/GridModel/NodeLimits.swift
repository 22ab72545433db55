/// The most that the owner of a machine may say of it: labels, and what is counted there. Configurations and flags beyond
/// it are refused; what a node itself says is cut down to it.
package enum NodeLimits {
    package static let labels = 64
    /// UTF-8.
    package static let labelBytes = 128
    /// Kinds of counted resources.
    package static let resources = 64
    package static let resourceCounts: ClosedRange<Int64> = 0...1_000_000

    /// Ways to a node without an agent, and characters of what is told of each.
    package static let roads = 8
    package static let roadText = 500

    /// Whether a label or a counted resource may be called so: as a node may.
    package static func isName(_ text: String) -> Bool { NodeName(text) != nil }

    /// Whether a label may say so: at most 128 bytes, without control characters.
    package static func isLabelText(_ text: String) -> Bool {
        text.utf8.count <= labelBytes
            && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }
}
