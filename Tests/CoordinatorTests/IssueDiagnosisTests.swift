import Coordinator
import Testing

struct IssueDiagnosisTests {
    @Test(arguments: [
        (["exit_code": "127"], "program missing"), (["exit_code": "126"], "not executable"),
        (["exit_code": "137"], "killed"), (["signal": "11"], "memory fault"), (["exit_code": "0"], "no failure"),
        (["exit_code": "7"], "the program failed"), (["state": "timed_out", "exit_code": "1"], "timed out"),
        (["exit_code": "1", "stderr": "write: No space left on device"], "disk full"),
        (["error": "ModuleNotFoundError: No module named 'x'"], "Python module missing"),
        (["exit_code": "many"], "unknown"), ([:], "unknown"),
    ])
    func `failures are named by the first rule that applies`(context: [String: String], finding: String) {
        let diagnosis = IssueDiagnosis(context: context)
        #expect(diagnosis.finding == finding)
        #expect((0...1).contains(diagnosis.confidence))
        #expect(!diagnosis.advice.isEmpty)
    }
}
