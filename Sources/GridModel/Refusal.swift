/// Why a request cannot be granted: part of the rules, so a value and not an error. Every door turns it into its own
/// status in one place.
package struct Refusal: Sendable, Hashable {
    package enum Code: String, Sendable, Hashable {
        case invalidArgument = "INVALID_ARGUMENT"
        case notFound = "NOT_FOUND"
        case alreadyExists = "ALREADY_EXISTS"
        case failedPrecondition = "FAILED_PRECONDITION"
        case permissionDenied = "PERMISSION_DENIED"
        case resourceExhausted = "RESOURCE_EXHAUSTED"
        case unavailable = "UNAVAILABLE"
    }

    /// A field that was wrong, and what it should have been.
    package struct Violation: Sendable, Hashable {
        package var field: String
        package var description: String

        package init(field: String, description: String) {
            self.field = field
            self.description = description
        }
    }

    package var code: Code
    /// Stable and upper case, for programs: `UNKNOWN_TASK_TYPE`.
    package var reason: String
    /// What was wrong and what to do, for people.
    package var message: String
    package var violations: [Violation]
    package var retryAfterMilliseconds: Int64?

    package init(
        _ code: Code, reason: String, message: String, violations: [Violation] = [],
        retryAfterMilliseconds: Int64? = nil
    ) {
        self.code = code
        self.reason = reason
        self.message = message
        self.violations = violations
        self.retryAfterMilliseconds = retryAfterMilliseconds
    }
}
