/// What a command tells the shell. These are a contract: scripts rely on them.
enum ExitStatus: Int32, CaseIterable, Sendable {
    case success = 0
    /// The task failed, or the command did for a reason that has no status of its own.
    case failure = 1
    case usage = 2
    case someTargetsFailed = 3
    /// A target, or the grid, is unreachable or unknown.
    case unreachable = 4
    case denied = 5
    case timedOut = 6
    case versionMismatch = 7
    case interrupted = 130
}

/// Why a command ends without success: one sentence, and what to try. Printed once, where it stops.
struct CommandFailure: Error, Sendable, CustomStringConvertible {
    /// Usually an `ExitStatus`; a remote program's own code where it is passed through.
    let code: Int32
    /// Empty when everything was said already.
    let message: String
    let hint: String

    init(_ status: ExitStatus, _ message: String, try hint: String = "") {
        self.init(code: status.rawValue, message, try: hint)
    }

    init(code: Int32, _ message: String = "", try hint: String = "") {
        self.code = code
        self.message = message
        self.hint = hint
    }

    var description: String { message }
}
