/// Help as people want it: what to type comes first, the reference after it.
enum HelpText {
    static let heading = "EXAMPLES:"

    /// Moves the examples, which the help's generator knows only as a part of the discussion, to the top.
    static func examplesFirst(_ help: String) -> String {
        var lines = help.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(where: { $0 == heading[...] }) else { return help }
        let end = lines[start...].firstIndex { $0.isEmpty } ?? lines.endIndex
        let examples = lines[start..<end]
        lines.removeSubrange(start..<min(end + 1, lines.endIndex))
        return (examples + [""] + lines).joined(separator: "\n")
    }
}
