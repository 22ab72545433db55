import GridModel

/// A program ready to be started: everything is found, nothing is left to be looked up.
struct LaunchPlan: Sendable, Hashable {
    /// The program's file.
    var path: String
    /// Its arguments, the first being the name it was called by.
    var arguments: [String]
    /// `NAME=value`, sorted.
    var environment: [String]
    var directory: String
    var standardInput: [UInt8]
}

/// Why an attempt cannot be started, as its outcome.
struct LaunchFailure: Error, Sendable, Hashable {
    var outcome: AttemptOutcome

    /// It could not be run: as shells do, 127 for what is not there and 126 for what cannot be executed.
    static func failed(_ exitCode: Int32, _ error: String) -> LaunchFailure {
        LaunchFailure(outcome: AttemptOutcome(end: .failed, exitCode: exitCode, error: error))
    }

    /// It must not be run at all.
    static func refused(_ error: String) -> LaunchFailure {
        LaunchFailure(outcome: AttemptOutcome(end: .refused, error: error))
    }
}
