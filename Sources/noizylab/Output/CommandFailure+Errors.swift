import GridIdentity
import NoizyClient

/// The one place where what went wrong below becomes a sentence, a hint and an exit code.
extension CommandFailure {
    init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as GridError: self.init(grid: error)
        case let error as ConfigError: self.init(.usage, error.description, try: error.hint)
        case let error as IdentityError: self.init(.failure, error.message)
        case is CancellationError: self.init(.interrupted, "interrupted")
        default: self.init(.failure, "\(error)")
        }
    }

    private static func hint(denied reason: String) -> String {
        switch reason {
        case "BAD_TOKEN": "noizylab token create, on the coordinator's machine"
        case "BAD_KEY": "the whole key, as noizylab key create printed it"
        case "NOT_FOR_KEYS": "an operator's certificate: noizylab cert issue, and --cert FOLDER"
        case "KEY_NODE", "KEY_TYPE": "a key with a wider scope: noizylab key create, by an operator"
        default: "a certificate with another role: noizylab cert issue"
        }
    }

    private static func hint(missing reason: String) -> String {
        switch reason {
        case "NO_SUCH_KEY": "noizylab key list --all"
        case "NO_SUCH_CERTIFICATE": "noizylab cert list --all"
        case "NOT_WAITING": "noizylab node pending"
        case let reason where reason.hasSuffix("NODE"): "noizylab node list"
        default: "noizylab task list"
        }
    }

    private init(grid error: GridError) {
        switch error.code {
        case .invalidArgument:
            let fields = error.violations.map { "\(FieldNames.option($0.field)) \($0.description)" }.joined(
                separator: "; ")
            self.init(
                .usage, fields.isEmpty ? error.message : fields, try: "noizylab help, for what may be given and how")
        case .alreadyExists:
            self.init(
                .usage, error.message, try: error.reason == "KEY_TAKEN" ? "another --key, or the same request" : "")
        case .notFound: self.init(.unreachable, error.message, try: Self.hint(missing: error.reason))
        case .failedPrecondition: self.init(.failure, error.message)
        case .denied: self.init(.denied, error.message, try: Self.hint(denied: error.reason))
        case .exhausted where error.reason == "OUTPUT_QUOTA":
            self.init(.failure, error.message, try: "noizylab config show --origin, on the coordinator's machine")
        case .exhausted:
            let wait = error.retryAfter.map { "in \(TimeText.took(milliseconds: $0.wholeMilliseconds))" }
            self.init(.failure, error.message, try: "the same again \(wait ?? "in a moment")")
        case .unavailable: self.init(.unreachable, error.message, try: "noizylab status, and noizylab logs coordinator")
        case .timedOut: self.init(.timedOut, error.message)
        case .unimplemented:
            self.init(
                .versionMismatch, "the coordinator is of another version: \(error.message)",
                try: "the same version of noizylab on both sides: noizylab version")
        case .untrusted:
            self.init(
                .denied, error.message,
                try: error.reason == "CERTIFICATE_REFUSED"
                    ? "noizylab cert list --all on the coordinator's machine, and there noizylab cert issue"
                    : "the certificates of this grid: noizylab config path")
        case .cancelled: self.init(.interrupted, "interrupted")
        case .failed: self.init(.failure, error.message, try: "noizylab logs coordinator")
        }
    }
}

extension Duration {
    /// Rounded up: earlier would be too early.
    fileprivate var wholeMilliseconds: Int64 {
        components.seconds * 1_000 + (components.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
