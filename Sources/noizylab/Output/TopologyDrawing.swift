/// The grid as a drawing of lines: the coordinator, and what leads from it to each node.
///
/// Every text is made harmless, and no line is wider than the terminal.
struct TopologyDrawing {
    struct Branch {
        var name: String
        var state: String
        /// `local`, `agent`, `ssh`; `external` for one that a program speaks for.
        var link: String
        var address: String
        /// Milliseconds; nil: not measured.
        var roundTrip: Double?
        var jitter: Double?
        /// Nil: nothing was moved yet.
        var megabits: Double?
        /// Empty: nobody knows.
        var medium: String
        var encryption: String
    }

    let cluster: String
    let coordinator: String
    let branches: [Branch]

    /// - Parameter width: columns of the terminal; nil never cuts.
    func lines(width: Int?, style: TextStyle) -> [String] {
        let name = "\(TerminalText.oneLine(coordinator))  coordinator of \(TerminalText.oneLine(cluster))"
        var lines = [style.paint(DisplayWidth.cut(name, to: width ?? .max), .heading)]
        let names = branches.map { DisplayWidth.cut(TerminalText.oneLine($0.name), to: 32) }
        let column = names.map(DisplayWidth.of).max() ?? 0
        for (index, branch) in branches.enumerated() {
            let isLast = index == branches.count - 1
            let rail = Self.rail(branch)
            let padding = String(repeating: " ", count: column - DisplayWidth.of(names[index]))
            let head = (isLast ? "└" : "├") + "\(rail) "
            let state = TerminalText.oneLine(branch.state)
            let words = "  \(state)  " + facts(branch).joined(separator: ", ")
            let free = (width ?? .max) - 5 - column
            let tail = DisplayWidth.cut(words, to: max(0, free))
            lines.append(head + style.paint(names[index], .ofNode(branch.state)) + padding + tail)
        }
        if branches.isEmpty { lines.append("└── no other node") }
        return lines.map { line in
            var line = line
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    /// A whole line for what is there, dots for what is not, waves for what goes through the air.
    private static func rail(_ branch: Branch) -> String {
        switch branch.state {
        case "online": branch.medium == "wireless" ? "∿∿" : "──"
        case "external": "╌╌"
        default: "··"
        }
    }

    private func facts(_ branch: Branch) -> [String] {
        var facts = [branch.link]
        if !branch.address.isEmpty { facts.append(branch.address) }
        if let roundTrip = branch.roundTrip {
            let jitter = branch.jitter.map { " ± \(Self.rounded($0))" } ?? ""
            facts.append("\(Self.rounded(roundTrip))\(jitter) ms")
        }
        if let megabits = branch.megabits { facts.append("\(Self.rounded(megabits)) Mbit/s seen") }
        if !branch.medium.isEmpty { facts.append(branch.medium) }
        if !branch.encryption.isEmpty { facts.append(branch.encryption) }
        return facts.map(TerminalText.oneLine)
    }

    private static func rounded(_ value: Double) -> Double {
        value.isFinite ? (value * 100).rounded() / 100 : 0
    }
}
