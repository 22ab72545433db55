/// What is wrong with a constraint, and where.
package struct ConstraintError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Characters before the wrong one.
    package let offset: Int
    /// What was found and what should be there.
    package let message: String
    /// As it was written.
    package let text: String

    /// One line, for a field of a request.
    package var description: String { "\(message) (character \(offset + 1))" }

    /// Three lines: the message, the text, and a mark under the character.
    package var illustrated: String {
        let mark = String(repeating: " ", count: offset) + "^"
        return "\(description)\n  \(text.map { $0.isNewline || $0 == "\t" ? " " : String($0) }.joined())\n  \(mark)"
    }
}
