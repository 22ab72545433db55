import Foundation
import Testing

/// Every file in `Transcripts` is a scenario and all that the machine said in it. `RECORD_TRANSCRIPTS=1` writes them
/// anew, to be read before they are kept.
@Suite struct TranscriptTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Transcripts")

    private static let names: [String] =
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []).filter { $0.hasSuffix(".txt") }
        .sorted()

    @Test func `there are transcripts`() {
        #expect(Self.names.count >= 10)
    }

    @Test(arguments: names) func `the machine says what the transcript says`(name: String) throws {
        let file = Self.folder.appending(path: name)
        let expected = try String(contentsOf: file, encoding: .utf8)

        let actual = Transcript.replay(expected)

        if ProcessInfo.processInfo.environment["RECORD_TRANSCRIPTS"] == "1" {
            try actual.write(to: file, atomically: true, encoding: .utf8)
        } else {
            #expect(actual == expected, "expected:\n\(expected)\nactual:\n\(actual)")
        }
    }
}
