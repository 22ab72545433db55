import GridLogic
import Testing

@testable import noizylab

struct DoctorListingTests {
    @Test func `a finding is a sign, its word, its check and what to do, whatever a node says`() {
        let finding = Finding(
            .gpu, node: "a", .warning, "nvidia-smi fails: \u{1B}[2Jbroken\n", try: "there: nvidia-smi")

        let lines = DoctorListing.lines(finding, .plain)

        #expect(
            lines == [
                "  ! warning gpu           nvidia-smi fails: ␛[2Jbroken␊", "            try: there: nvidia-smi",
            ])
    }

    @Test func `the summary counts in words`() {
        let ok = Finding(.ports, .ok, "")
        let warning = Finding(.clock, .warning, "")
        let failed = Finding(.modes, .failed, "")
        func summary(_ findings: Finding...) -> String { DoctorListing(report: DoctorReport(findings)).summary(.plain) }

        #expect(summary(ok, ok) == "all is well: 2 checks")
        #expect(summary(ok, warning) == "1 warning of 2 checks")
        #expect(summary(ok, warning, warning, failed) == "1 failed, 2 warnings of 4 checks")
    }

    @Test func `programs of the system are understood by what they printed`() {
        #expect(ClockLook.timedatectl("yes\n") == true)
        #expect(ClockLook.timedatectl("no\n") == false)
        #expect(ClockLook.timedatectl("") == nil)
        let tracking = "Reference ID    : A29FC87B (162.159.200.123)\nStratum         : 4\nLeap status     : "
        #expect(ClockLook.chronyc(tracking + "Normal\n") == true)
        #expect(ClockLook.chronyc(tracking + "Not synchronised\n") == false)
        #expect(ClockLook.chronyc("506 Cannot talk to daemon\n") == nil)
    }
}
