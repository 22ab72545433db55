/// What a task demands of its node's nature, as its client wrote it: `os == "linux" && gpu.memory >= 8GiB`.
///
/// Comparisons joined by `&&`, `||`, `!` and parentheses. `==` and `!=` take text or numbers, `<`, `<=`, `>` and `>=`
/// numbers, sizes (`8GiB`, `500MB`) or versions (`"3.10"`), `in [..]` a list. A name alone asks whether the node has it.
/// Where a node has several of a thing (GPUs), one that satisfies the comparison is enough.
package struct Constraint: Sendable, Hashable {
    /// What is true or false of a node.
    package indirect enum Term: Sendable, Hashable {
        case all([Term])
        case any([Term])
        case not(Term)
        /// The node has it, and it is neither `0`, `false` nor empty.
        case has(Attribute)
        case compare(Attribute, Comparison, Operand)
        case member(Attribute, [Operand])
    }

    /// As they are written.
    package enum Comparison: String, Sendable, Hashable, CaseIterable {
        case equal = "=="
        case notEqual = "!="
        case atMost = "<="
        case atLeast = ">="
        case less = "<"
        case greater = ">"
    }

    /// What a node's value is compared with.
    package enum Operand: Sendable, Hashable {
        case text(String)
        /// A count, or bytes where the attribute is a size.
        case number(Double)
    }

    /// As it was written.
    package let text: String
    package let root: Term

    /// Throws what is wrong with it, and at which character.
    package init(_ text: String) throws(ConstraintError) {
        var parser = try ConstraintParser(text)
        self.text = text
        root = try parser.parse()
    }
}

/// What can be asked about a node.
package enum Attribute: Sendable, Hashable {
    case name, role, os, osVersion, arch, hostname, agentVersion
    case cores, memory, disk
    case gpuCount, gpuModel, gpuMemory, gpuDriver
    /// What its owner says of it.
    case label(String)
    /// A program or another fact that was found there: `runtime.python3`.
    case runtime(String)
    /// Of a counted resource, how many there are.
    case resource(String)

    /// Which operands go with it.
    package enum Kind: Sendable {
        case text, count, bytes
    }

    package var kind: Kind {
        switch self {
        case .name, .role, .os, .osVersion, .arch, .hostname, .agentVersion, .gpuModel, .gpuDriver, .label, .runtime:
            .text
        case .cores, .gpuCount, .resource: .count
        case .memory, .disk, .gpuMemory: .bytes
        }
    }

    package static let plainNames: [(name: String, attribute: Attribute)] = [
        ("name", .name), ("role", .role), ("os", .os), ("os.version", .osVersion), ("arch", .arch),
        ("hostname", .hostname), ("agent.version", .agentVersion), ("cores", .cores), ("memory", .memory),
        ("disk", .disk), ("gpu", .gpuCount), ("gpu.count", .gpuCount), ("gpu.model", .gpuModel),
        ("gpu.memory", .gpuMemory),
        ("gpu.driver", .gpuDriver),
    ]

    package init?(_ name: String) {
        if let plain = Self.plainNames.first(where: { $0.name == name }) {
            self = plain.attribute
        } else if let label = name.dropping(prefix: "label.") {
            self = .label(label)
        } else if let runtime = name.dropping(prefix: "runtime.") {
            self = .runtime(runtime)
        } else if let resource = name.dropping(prefix: "resource.") {
            self = .resource(resource)
        } else {
            return nil
        }
    }

    package var text: String {
        switch self {
        case .label(let name): "label.\(name)"
        case .runtime(let name): "runtime.\(name)"
        case .resource(let name): "resource.\(name)"
        default: Self.plainNames.first { $0.attribute == self }?.name ?? "?"
        }
    }
}

extension String {
    /// What follows `prefix`, when anything does.
    fileprivate func dropping(prefix: String) -> String? {
        guard hasPrefix(prefix), utf8.count > prefix.utf8.count else { return nil }
        return String(dropFirst(prefix.count))
    }
}
