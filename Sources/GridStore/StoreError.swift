/// Why the store could not do what was asked. The message says what was tried, with what, and what to do.
package struct StoreError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// Another process has the store open.
        case inUse
        /// A later version of the program made it.
        case newerVersion
        /// Its bytes are not what was written.
        case corrupt
        /// There is no room; nothing of the request was kept, and it works again once there is.
        case diskFull
        /// The system refused, for a reason other than room.
        case inputOutput
        /// The request contradicts what is kept: a bug in the caller.
        case conflict
        /// `close` was called.
        case closed
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
        if let cause { "\(message) (\(code.rawValue): \(cause))" } else { "\(message) (\(code.rawValue))" }
    }
}
