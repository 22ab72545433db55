/// The value of an environment variable that must be seen by the task alone. It prints as `***`, also in a dump.
///
/// Open on its way from the client and to the node; sealed wherever the coordinator keeps it; erased when its task has
/// ended. What is left of it then still tells whether another one is the same.
package struct CommandSecret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Open: anybody can read it. Sealed: whoever has the vault's key. Erased: nobody.
    package enum Form: Sendable, Hashable {
        case open, sealed, erased
    }

    package let form: Form
    /// The text in UTF-8; or what the vault made of it, which begins with a fingerprint.
    package let bytes: [UInt8]

    package init(open text: String) {
        form = .open
        bytes = Array(text.utf8)
    }

    /// As kept: what is no longer than a fingerprint has been erased.
    package init(kept bytes: [UInt8]) {
        form = bytes.count > Self.fingerprintBytes ? .sealed : .erased
        self.bytes = bytes
    }

    package var erased: CommandSecret { CommandSecret(kept: Array(fingerprint)) }

    private var fingerprint: ArraySlice<UInt8> { bytes.prefix(Self.fingerprintBytes) }

    package static let fingerprintBytes = 12

    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension CommandSecret: Hashable {
    /// Kept ones are the same when their fingerprints are, erased or not.
    package static func == (left: CommandSecret, right: CommandSecret) -> Bool {
        (left.form == .open) == (right.form == .open)
            && (left.form == .open ? left.bytes == right.bytes : left.fingerprint == right.fingerprint)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(form == .open)
        hasher.combine(form == .open ? bytes[...] : fingerprint)
    }
}

extension TaskSpec {
    /// The secrets of its command; none for other work.
    package var secrets: [String: CommandSecret] {
        if case .command(let command) = payload { command.secrets } else { [:] }
    }

    /// The same with other forms of its secrets.
    package func with(secrets change: (CommandSecret) throws -> CommandSecret) rethrows -> TaskSpec {
        guard case .command(var command) = payload, !command.secrets.isEmpty else { return self }
        command.secrets = try command.secrets.mapValues(change)
        var spec = self
        spec.payload = .command(command)
        return spec
    }
}
