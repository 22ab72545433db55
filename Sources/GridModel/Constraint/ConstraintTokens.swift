/// A piece of a constraint's text.
struct ConstraintToken: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case word(String)
        case quoted(String)
        /// A number and the unit behind it, which may be empty.
        case number(Double, unit: String)
        case and, or, not, open, close, listOpen, listClose, comma
        case comparison(Constraint.Comparison)
        case end
    }

    let kind: Kind
    /// Characters before it.
    let offset: Int
    /// As it was written.
    let text: String

    /// How a message names it.
    var words: String { kind == .end ? "the end" : "'\(text)'" }
}

/// Cuts a constraint into tokens; the last is `end`.
struct ConstraintTokenizer {
    private let text: String
    private let characters: [Character]
    private var position = 0

    static func tokens(of text: String) throws(ConstraintError) -> [ConstraintToken] {
        var tokenizer = ConstraintTokenizer(text: text)
        var tokens: [ConstraintToken] = []
        repeat { tokens.append(try tokenizer.next()) } while tokens.last?.kind != .end
        return tokens
    }

    private init(text: String) {
        self.text = text
        characters = Array(text)
    }

    private mutating func next() throws(ConstraintError) -> ConstraintToken {
        while position < characters.count, characters[position].isWhitespace { position += 1 }
        guard position < characters.count else { return ConstraintToken(kind: .end, offset: position, text: "") }
        let start = position
        let kind: ConstraintToken.Kind
        switch characters[position] {
        case "(": kind = take(1, .open)
        case ")": kind = take(1, .close)
        case "[": kind = take(1, .listOpen)
        case "]": kind = take(1, .listClose)
        case ",": kind = take(1, .comma)
        case "&": kind = try takePair("&", .and)
        case "|": kind = try takePair("|", .or)
        case "=": kind = try takePair("=", .comparison(.equal))
        case "!": kind = follows("=") ? take(2, .comparison(.notEqual)) : take(1, .not)
        case "<": kind = follows("=") ? take(2, .comparison(.atMost)) : take(1, .comparison(.less))
        case ">": kind = follows("=") ? take(2, .comparison(.atLeast)) : take(1, .comparison(.greater))
        case "\"", "'": kind = try quoted()
        case let character where character.isASCIIDigit: kind = try number()
        case let character where character.isWordCharacter: kind = word()
        case let character:
            throw ConstraintError(offset: start, message: "'\(character)' means nothing here", text: text)
        }
        return ConstraintToken(kind: kind, offset: start, text: String(characters[start..<position]))
    }

    private func follows(_ character: Character) -> Bool {
        position + 1 < characters.count && characters[position + 1] == character
    }

    private mutating func take(_ count: Int, _ kind: ConstraintToken.Kind) -> ConstraintToken.Kind {
        position += count
        return kind
    }

    private mutating func takePair(
        _ character: Character, _ kind: ConstraintToken.Kind
    ) throws(ConstraintError) -> ConstraintToken.Kind {
        guard follows(character) else {
            let message = "write '\(character)\(character)', not '\(character)'"
            throw ConstraintError(offset: position, message: message, text: text)
        }
        return take(2, kind)
    }

    private mutating func quoted() throws(ConstraintError) -> ConstraintToken.Kind {
        let quote = characters[position]
        guard let end = characters[(position + 1)...].firstIndex(of: quote) else {
            throw ConstraintError(offset: position, message: "the text that begins here has no end", text: text)
        }
        let content = String(characters[(position + 1)..<end])
        position = end + 1
        return .quoted(content)
    }

    private mutating func number() throws(ConstraintError) -> ConstraintToken.Kind {
        let start = position
        while position < characters.count, characters[position].isASCIIDigit || characters[position] == "." {
            position += 1
        }
        let digits = String(characters[start..<position])
        let unitStart = position
        while position < characters.count, characters[position].isWordCharacter { position += 1 }
        guard let value = Double(digits), value.isFinite else {
            // 3.10.2 is a version.
            return .word(String(characters[start..<position]))
        }
        return .number(value, unit: String(characters[unitStart..<position]))
    }

    private mutating func word() -> ConstraintToken.Kind {
        let start = position
        while position < characters.count, characters[position].isWordCharacter || characters[position].isASCIIDigit {
            position += 1
        }
        return .word(String(characters[start..<position]))
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
    fileprivate var isWordCharacter: Bool { isLetter || isNumber || self == "." || self == "_" || self == "-" }
}
