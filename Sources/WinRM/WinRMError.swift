/// What went wrong with a Windows host, in words a person can act on.
package struct WinRMError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// The host, or something between, answered what makes no sense.
        case badAnswer
        /// The settings cannot work, or must not be used.
        case configuration
        /// Wrong password, locked account, no right.
        case denied
        /// The host said no to this message, by a fault of WS-Management.
        case fault
        /// The connection was lost or could not be made. Whether a request was done is not known.
        case unreachable
        /// Whoever answers has not the certificate that is wanted.
        case untrusted
    }

    package let code: Code
    /// What was tried, what happened, and what to do.
    package let message: String
    /// The host's own number of a fault; 0 for anything else.
    package let fault: UInt32

    package init(_ code: Code, _ message: String, fault: UInt32 = 0) {
        self.code = code
        self.message = message
        self.fault = fault
    }

    package var description: String { message }
}
