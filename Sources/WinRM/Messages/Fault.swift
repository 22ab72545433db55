/// A host's refusal. It is judged by number: the texts are in the host's language.
package struct Fault: Sendable, Hashable {
    package enum Meaning: Sendable, Hashable {
        /// There was no output within the operation time-out: ask again.
        case nothingYet
        /// The shell or its command is gone.
        case gone
        /// An id of ours is taken: the request had been done the first time.
        case exists
        /// A quota is used up; it may be free later.
        case busy
        /// This shell has used up its operations: only another one helps.
        case shellUsedUp
        case denied
        /// The program does not take standard input any more.
        case inputClosed
        /// Ended by our own signal or deletion.
        case aborted
        case other
    }

    package let number: UInt32
    package let text: String

    init(_ fault: XMLElement) {
        let detail = fault.first("Detail")
        let own = detail?.descendant("WSManFault").flatMap { UInt64($0.attributes["Code"] ?? "") }
        let instance = detail?.descendant("error_Code").flatMap { UInt64($0.text) }
        number = UInt32(truncatingIfNeeded: own ?? instance ?? 0)
        let message = detail?.descendant("Message")?.text ?? ""
        let reason = fault.first("Reason")?.first("Text")?.text ?? ""
        let longest = message.allSatisfy(\.isWhitespace) ? reason : message
        text = longest.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    package static func meaning(_ number: UInt32) -> Meaning {
        switch number {
        case 2_150_858_793: .nothingYet
        case 2_150_858_843: .gone
        case 2_150_859_222, 2_150_859_223: .exists
        case 2_150_859_173, 2_150_859_179, 2_150_859_241: .busy
        case 2_150_859_174: .shellUsedUp
        case 5, 2_147_942_405: .denied
        case 2_147_942_509: .inputClosed
        case 995: .aborted
        default: .other
        }
    }

    package var error: WinRMError {
        let code: WinRMError.Code = Self.meaning(number) == .denied ? .denied : .fault
        return WinRMError(
            code, Self.explanation(number) ?? "the host refused: \(text) (fault \(number))", fault: number)
    }

    /// What it means and what to do; nil where the host's own words are all there is.
    private static func explanation(_ number: UInt32) -> String? {
        switch number {
        case 2_150_858_793: "there was no output within the operation time-out"
        case 2_150_858_843:
            "the shell or its command is gone: it was idle too long, or the host or its WinRM service restarted"
        case 2_150_859_173:
            "too many shells of this user are open on the host: close some, or raise it there with "
                + quota("Shell\\MaxShellsPerUser", 100)
        case 2_150_859_174:
            "this user has used up the operations of the shell: a new shell is needed; raise it on the host with "
                + quota("Service\\MaxConcurrentOperationsPerUser", 4_294_967_295)
        case 2_150_859_179:
            "too many users have shells open on the host: raise it there with "
                + quota("Shell\\MaxConcurrentUsers", 100)
        case 2_150_859_241:
            "too many programs run in one shell: raise it on the host with " + quota("Shell\\MaxProcessesPerShell", 100)
        case 2_150_858_878, 2_150_858_790, 2_150_858_824:
            "the host does not send or take so large an envelope: raise it there with "
                + quota("MaxEnvelopeSizekb", 500)
        case 2_150_858_811:
            "the host has no command shell for remote use (resource URI unknown): run Enable-PSRemoting on it"
        case 5, 2_147_942_405:
            "access denied: the log-on worked, but the user may not open a shell. Add it on the host with "
                + "`Add-LocalGroupMember 'Remote Management Users' USER`; a local administrator other than the built-in "
                + "one needs LocalAccountTokenFilterPolicy = 1"
        case 2_147_942_509: "the program does not take standard input any more"
        case 995: "the operation was ended by a signal, or by the end of its shell"
        default: nil
        }
    }

    private static func quota(_ path: String, _ value: UInt32) -> String {
        "`Set-Item WSMan:\\localhost\\\(path) \(value)`"
    }
}
