/// Why an agent cannot go on, or why its link ended.
package struct AgentError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        case spool, link, silence, folder, signers
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
