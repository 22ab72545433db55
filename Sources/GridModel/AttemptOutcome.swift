/// How one attempt ended, as its node reported it or as the coordinator had to conclude.
package struct AttemptOutcome: Sendable, Hashable {
    package enum End: String, Sendable, Hashable, CaseIterable {
        case succeeded, failed, cancelled
        case timedOut = "timed_out"
        /// The node, or its agent, went away with it.
        case lost
        /// The node could not start it: nothing ran.
        case refused
    }

    package var end: End
    package var exitCode: Int32?
    package var signal: Int32?
    /// One sentence for a person; empty on success.
    package var error: String
    package var usage: Usage
    /// The whole output when it was small and never streamed; nil when it lies in the output segments, or is empty.
    package var inlineOutput: InlineOutput?
    /// The run time as the node measured it.
    package var runMicroseconds: Int64
    /// The node's word on this end, as `ResultStatement` has it; empty unless the task was signed.
    package var attestation: [UInt8]

    package init(
        end: End, exitCode: Int32? = nil, signal: Int32? = nil, error: String = "", usage: Usage = Usage(),
        inlineOutput: InlineOutput? = nil, runMicroseconds: Int64 = 0, attestation: [UInt8] = []
    ) {
        self.end = end
        self.exitCode = exitCode
        self.signal = signal
        self.error = error
        self.usage = usage
        self.inlineOutput = inlineOutput
        self.runMicroseconds = runMicroseconds
        self.attestation = attestation
    }
}

/// What an attempt's process tree used, as far as the system tells.
package struct Usage: Sendable, Hashable {
    package var userMicroseconds: Int64
    package var systemMicroseconds: Int64
    package var maxResidentBytes: Int64

    package init(userMicroseconds: Int64 = 0, systemMicroseconds: Int64 = 0, maxResidentBytes: Int64 = 0) {
        self.userMicroseconds = userMicroseconds
        self.systemMicroseconds = systemMicroseconds
        self.maxResidentBytes = maxResidentBytes
    }
}

/// A small task's whole output, kept with its outcome.
package struct InlineOutput: Sendable, Hashable {
    /// Together; more goes to the output segments.
    package static let limitBytes = 16 * 1024

    package var stdout: [UInt8]
    package var stderr: [UInt8]

    package init(stdout: [UInt8] = [], stderr: [UInt8] = []) {
        self.stdout = stdout
        self.stderr = stderr
    }
}
