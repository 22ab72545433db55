import CZlib
import Foundation
import Testing

@testable import noizylab

struct TextFileTests {
    private func withFile<Result>(_ bytes: [UInt8], _ body: (String) throws -> Result) throws -> Result {
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "input.csv")
            try Data(bytes).write(to: file)
            return try body(file.path)
        }
    }

    private func gzipped(_ bytes: [UInt8]) throws -> [UInt8] {
        try withTemporaryFolder { folder in
            let path = folder.appending(path: "input.gz").path
            let file = try #require(gzopen(path, "wb"))
            #expect(gzwrite(file, bytes, UInt32(bytes.count)) == Int32(bytes.count))
            #expect(gzclose(file) == Z_OK)
            return Array(try Data(contentsOf: URL(filePath: path)))
        }
    }

    private func lines(_ path: String) throws -> [String] {
        var file = try TextFile(path: path)
        var lines: [String] = []
        while let line = try file.nextLine() { lines.append(line) }
        #expect(file.lineNumber == lines.count)
        #expect(try file.nextLine() == nil)
        return lines
    }

    @Test(arguments: [
        ("", []), ("a", ["a"]), ("a\n", ["a"]), ("a\r\nb\r\n", ["a", "b"]), ("a\n\nb", ["a", "", "b"]),
        ("\u{FEFF}time,value\n1,2\n", ["time,value", "1,2"]), ("größe,1\n", ["größe,1"]),
    ])
    func `lines come without their ends, plain and gzipped alike`(text: String, expected: [String]) throws {
        #expect(try withFile(Array(text.utf8), lines) == expected)
        #expect(try withFile(gzipped(Array(text.utf8)), lines) == expected)
    }

    @Test func `lines longer and shorter than a block are put together`() throws {
        let expected =
            (0..<2_000).map { String(repeating: "x", count: $0 % 7 * 40) + "\($0)" } + [
                String(repeating: "y", count: 200_000)
            ]
        let bytes = Array(expected.joined(separator: "\n").utf8)

        #expect(try withFile(gzipped(bytes), lines) == expected)
    }

    @Test func `a file that is not there is named`() {
        let failure = #expect(throws: CommandFailure.self) { try lines("/nowhere/a.csv") }
        #expect(failure?.message == "could not open '/nowhere/a.csv': No such file or directory")
    }

    @Test func `compressed data that is cut off is not taken for the whole`() throws {
        let whole = try gzipped(Array((0..<50_000).map { "\($0 &* 2_654_435_761)" }.joined(separator: "\n").utf8))

        let failure = #expect(throws: CommandFailure.self) {
            try withFile(Array(whole[..<(whole.count / 2)]), lines)
        }
        #expect(failure?.message.contains("ends in the middle of its compressed data") == true)
    }

    @Test func `damaged compressed data is found by its checksum`() throws {
        var bytes = try gzipped(Array((0..<50_000).map { "\($0)" }.joined(separator: "\n").utf8))
        bytes[bytes.count / 2] ^= 0x55

        let failure = #expect(throws: CommandFailure.self) { try withFile(bytes, lines) }
        #expect(failure?.message.contains("is damaged") == true)
    }

    @Test func `what is no text is refused with its line`() throws {
        let failure = #expect(throws: CommandFailure.self) { try withFile([97, 10, 0xFF, 0xFE, 10], lines) }
        #expect(failure?.message.hasSuffix("line 2 is not UTF-8 text") == true)
        let long = [UInt8](repeating: 97, count: TextFile.lineLimitBytes + 1)
        #expect(throws: CommandFailure.self) { try withFile(long, lines) }
    }

    @Test func `a folder is no file`() {
        let failure = #expect(throws: CommandFailure.self) { try lines("/tmp") }
        #expect(failure?.message.contains("directory") == true)
    }
}
