package import GridModel

extension Constraint {
    package func isSatisfied(by node: Node) -> Bool { root.holds(for: node) }
}

extension Constraint.Term {
    func holds(for node: Node) -> Bool {
        switch self {
        case .all(let terms): terms.allSatisfy { $0.holds(for: node) }
        case .any(let terms): terms.contains { $0.holds(for: node) }
        case .not(let term): !term.holds(for: node)
        case .has(let attribute): node.values(of: attribute).contains(where: \.isSomething)
        case .compare(let attribute, .notEqual, let operand):
            !node.values(of: attribute).contains { $0.compares(.equal, operand) }
        case .compare(let attribute, let comparison, let operand):
            node.values(of: attribute).contains { $0.compares(comparison, operand) }
        case .member(let attribute, let operands):
            node.values(of: attribute).contains { value in operands.contains { value.compares(.equal, $0) } }
        }
    }

    /// The first comparison that makes the whole fail, in words: `os is "darwin", and must be "linux"`. Empty when the
    /// node satisfies it.
    func failure(for node: Node) -> String {
        guard !holds(for: node) else { return "" }
        switch self {
        case .all(let terms): return terms.lazy.map { $0.failure(for: node) }.first { !$0.isEmpty } ?? ""
        case .any(let terms): return terms.map { $0.failure(for: node) }.joined(separator: ", and ")
        case .not(let term): return "it satisfies \(term.words), and must not"
        case .has(let attribute): return "it has no \(attribute.text)"
        case .compare(let attribute, let comparison, let operand):
            let wanted =
                comparison == .equal
                ? operand.words(of: attribute) : "\(comparison.rawValue) \(operand.words(of: attribute))"
            return "\(attribute.text) is \(node.words(of: attribute)), and must be \(wanted)"
        case .member(let attribute, let operands):
            let wanted = operands.map { $0.words(of: attribute) }.joined(separator: ", ")
            return "\(attribute.text) is \(node.words(of: attribute)), and must be one of \(wanted)"
        }
    }

    var words: String {
        switch self {
        case .all(let terms): terms.map(\.words).joined(separator: " && ")
        case .any(let terms): "(\(terms.map(\.words).joined(separator: " || ")))"
        case .not(let term): "!(\(term.words))"
        case .has(let attribute): attribute.text
        case .compare(let attribute, let comparison, let operand):
            "\(attribute.text) \(comparison.rawValue) \(operand.words(of: attribute))"
        case .member(let attribute, let operands):
            "\(attribute.text) in [\(operands.map { $0.words(of: attribute) }.joined(separator: ", "))]"
        }
    }
}

/// One value of a node's attribute.
enum AttributeValue {
    case text(String)
    case number(Double)

    var isSomething: Bool {
        switch self {
        case .text(let text): !text.isEmpty && text != "0" && text != "false"
        case .number(let number): number != 0
        }
    }

    func compares(_ comparison: Constraint.Comparison, _ operand: Constraint.Operand) -> Bool {
        switch (self, operand) {
        case (.number(let value), .number(let wanted)): comparison.holds(value == wanted ? 0 : value < wanted ? -1 : 1)
        case (.text(let value), .text(let wanted)):
            switch comparison {
            case .equal: value == wanted
            case .notEqual: value != wanted
            case .less, .atMost, .greater, .atLeast: comparison.holds(versionOrder(value, wanted))
            }
        default: false
        }
    }
}

extension Constraint.Comparison {
    /// Of a value that comes before (-1), with (0) or after (1) the wanted one.
    fileprivate func holds(_ order: Int) -> Bool {
        switch self {
        case .equal: order == 0
        case .notEqual: order != 0
        case .less: order < 0
        case .atMost: order <= 0
        case .greater: order > 0
        case .atLeast: order >= 0
        }
    }
}

extension Constraint.Operand {
    func words(of attribute: Attribute) -> String {
        switch self {
        case .text(let text): "\"\(text)\""
        case .number(let number): AttributeValue.number(number).words(of: attribute)
        }
    }
}

extension AttributeValue {
    func words(of attribute: Attribute) -> String {
        switch self {
        case .text(let text): return "\"\(text)\""
        case .number(let number):
            let whole = Int64(min(max(number, 0), 0x1p62))
            if attribute.kind == .bytes { return byteWords(whole) }
            return number == Double(whole) ? "\(whole)" : "\(number)"
        }
    }
}

/// Versions by their numbers: `3.9` before `3.10`, and `22.04` before `22.04.1`. What is no number compares as text.
func versionOrder(_ left: String, _ right: String) -> Int {
    let (left, right) = (left.split(separator: "."), right.split(separator: "."))
    for (one, other) in zip(left, right) where one != other {
        if let one = UInt64(one), let other = UInt64(other) {
            if one != other { return one < other ? -1 : 1 }
        } else {
            return one < other ? -1 : 1
        }
    }
    return left.count == right.count ? 0 : left.count < right.count ? -1 : 1
}

extension Node {
    /// None when the node does not have it; several of GPUs.
    func values(of attribute: Attribute) -> [AttributeValue] {
        switch attribute {
        case .name: [.text(name.text)]
        case .role: [.text(role.text)]
        case .os: text(inventory.os)
        case .osVersion: text(inventory.osVersion)
        case .arch: text(inventory.arch)
        case .hostname: text(inventory.hostname)
        case .agentVersion: text(inventory.agentVersion)
        case .cores: [.number(Double(inventory.cores))]
        case .memory: [.number(Double(inventory.memoryBytes))]
        case .disk: [.number(Double(inventory.diskBytes))]
        case .gpuCount: [.number(Double(inventory.gpus.count))]
        case .gpuModel: inventory.gpus.map { .text($0.model) }
        case .gpuMemory: inventory.gpus.map { .number(Double($0.memoryBytes)) }
        case .gpuDriver: inventory.gpus.map { .text($0.driver) }
        case .label(let name): labels[name].map { [.text($0)] } ?? []
        case .runtime(let name): inventory.capabilities[name].map { [.text($0)] } ?? []
        case .resource(let name): inventory.custom[name].map { [.number(Double($0))] } ?? []
        }
    }

    func words(of attribute: Attribute) -> String {
        let values = values(of: attribute).map { $0.words(of: attribute) }
        return values.isEmpty ? "not known there" : Set(values).sorted().joined(separator: ", ")
    }

    private func text(_ value: String) -> [AttributeValue] { value.isEmpty ? [] : [.text(value)] }
}
