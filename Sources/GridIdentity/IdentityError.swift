/// What went wrong with a key, a certificate, a token or a name. The message says what was tried, with what, and what
/// to do; it never holds a secret.
package struct IdentityError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// A file or folder is missing, unreadable or unwritable.
        case file
        /// A private key can be read by other users.
        case exposedKey
        /// Text or bytes from outside are not what they should be.
        case malformed
        /// A request, name or lifetime that the authority does not sign.
        case refused
        /// The peer's certificate does not prove what it must.
        case untrusted
        /// The certificate was good once, or will be.
        case expired
    }

    package let code: Code
    package let message: String
    package let cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String {
        guard let cause else { return message }
        return "\(message) (\(cause))"
    }
}
