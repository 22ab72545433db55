/// Reads a constraint by recursive descent: `||` binds least, then `&&`, then `!`.
struct ConstraintParser {
    private static let depthLimit = 32
    private static let comparisons = Constraint.Comparison.allCases.map(\.rawValue).joined(separator: " ")

    private let text: String
    private let tokens: [ConstraintToken]
    private var position = 0
    private var depth = 0

    init(_ text: String) throws(ConstraintError) {
        self.text = text
        if text.utf8.count > TaskLimits.constraintBytes {
            let message = "a constraint has at most \(TaskLimits.constraintBytes) bytes"
            throw ConstraintError(offset: TaskLimits.constraintBytes, message: message, text: text)
        }
        tokens = try ConstraintTokenizer.tokens(of: text)
    }

    mutating func parse() throws(ConstraintError) -> Constraint.Term {
        let term = try alternatives()
        guard current.kind == .end else {
            let what = "expected '&&', '||' or the end, and found \(current.words)"
            throw error(what, at: current)
        }
        return term
    }

    private var current: ConstraintToken { tokens[position] }

    private mutating func advance() -> ConstraintToken {
        defer { if position < tokens.count - 1 { position += 1 } }
        return tokens[position]
    }

    private mutating func accept(_ kind: ConstraintToken.Kind) -> Bool {
        guard current.kind == kind else { return false }
        _ = advance()
        return true
    }

    private func error(_ message: String, at token: ConstraintToken) -> ConstraintError {
        ConstraintError(offset: token.offset, message: message, text: text)
    }

    private mutating func alternatives() throws(ConstraintError) -> Constraint.Term {
        depth += 1
        defer { depth -= 1 }
        if depth > Self.depthLimit {
            throw error("more than \(Self.depthLimit) parentheses and '!' within each other", at: current)
        }
        var terms = [try conjunction()]
        while accept(.or) { terms.append(try conjunction()) }
        return terms.count == 1 ? terms[0] : .any(terms)
    }

    private mutating func conjunction() throws(ConstraintError) -> Constraint.Term {
        var terms = [try factor()]
        while accept(.and) { terms.append(try factor()) }
        return terms.count == 1 ? terms[0] : .all(terms)
    }

    private mutating func factor() throws(ConstraintError) -> Constraint.Term {
        let token = advance()
        switch token.kind {
        case .not:
            depth += 1
            defer { depth -= 1 }
            if depth > Self.depthLimit {
                throw error("more than \(Self.depthLimit) parentheses and '!' within each other", at: token)
            }
            return .not(try factor())
        case .open:
            let inner = try alternatives()
            guard accept(.close) else { throw error("expected ')', and found \(current.words)", at: current) }
            return inner
        case .word(let name): return try comparison(try attribute(name, token))
        default:
            throw error("expected a name like 'os' or 'gpu.memory', '!' or '(', and found \(token.words)", at: token)
        }
    }

    private func attribute(_ name: String, _ token: ConstraintToken) throws(ConstraintError) -> Attribute {
        if let attribute = Attribute(name) { return attribute }
        let known = Attribute.plainNames.map(\.name) + ["label.NAME", "runtime.NAME", "resource.NAME"]
        let hint =
            NearestName.to(name, among: known).map { "did you mean '\($0)'?" }
            ?? "known are \(known.joined(separator: ", "))"
        throw error("there is no '\(name)' to ask of a node; \(hint)", at: token)
    }

    private mutating func comparison(_ attribute: Attribute) throws(ConstraintError) -> Constraint.Term {
        switch current.kind {
        case .comparison(let comparison):
            _ = advance()
            return .compare(attribute, comparison, try operand(for: attribute))
        case .word("in"):
            _ = advance()
            return .member(attribute, try list(for: attribute))
        case .and, .or, .close, .end:
            return .has(attribute)
        default:
            throw error("expected one of \(Self.comparisons) or 'in', and found \(current.words)", at: current)
        }
    }

    private mutating func list(for attribute: Attribute) throws(ConstraintError) -> [Constraint.Operand] {
        guard accept(.listOpen) else { throw error("expected '[' after 'in', and found \(current.words)", at: current) }
        var operands = [try operand(for: attribute)]
        while accept(.comma) { operands.append(try operand(for: attribute)) }
        guard accept(.listClose) else { throw error("expected ',' or ']', and found \(current.words)", at: current) }
        return operands
    }

    private mutating func operand(for attribute: Attribute) throws(ConstraintError) -> Constraint.Operand {
        let token = advance()
        switch (token.kind, attribute.kind) {
        case (.quoted(let value), .text), (.word(let value), .text): return .text(value)
        case (.number, .text): return .text(token.text)
        case (.number(let value, let unit), .count):
            guard unit.isEmpty else { throw error("'\(attribute.text)' is a number without a unit", at: token) }
            return .number(value)
        case (.number(let value, let unit), .bytes):
            if unit.isEmpty, value != 0 {
                let what = "'\(attribute.text)' is a size; write \(token.text)GiB, or \(token.text)B for bytes"
                throw error(what, at: token)
            }
            guard let factor = Self.factor(of: unit) else {
                let what = "'\(unit)' is no unit of size; write KiB, MiB, GiB, TiB, kB, MB, GB or TB"
                throw error(what, at: token)
            }
            return .number(value * factor)
        case (.quoted, .count), (.word, .count), (.quoted, .bytes), (.word, .bytes):
            let example = attribute.kind == .bytes ? "a size like 8GiB" : "a number"
            throw error("'\(attribute.text)' is compared with \(example), not with \(token.words)", at: token)
        default:
            throw error("expected a value to compare '\(attribute.text)' with, and found \(token.words)", at: token)
        }
    }

    /// Bytes of a unit; letters in either case, since nobody means millibytes.
    private static func factor(of unit: String) -> Double? {
        switch unit.lowercased() {
        case "", "b": 1
        case "k", "kib": 0x1p10
        case "m", "mib": 0x1p20
        case "g", "gib": 0x1p30
        case "t", "tib": 0x1p40
        case "kb": 1e3
        case "mb": 1e6
        case "gb": 1e9
        case "tb": 1e12
        default: nil
        }
    }
}
