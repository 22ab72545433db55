import GridModel
import Testing
import WinRM

struct WindowsArgumentsTests {
    private static let alphabet = Array("ab \t\"\\\\\"'%&|^é漢😀-=;").map(String.init)

    @Test func `thousands of arguments come out of CommandLineToArgvW as they went in`() {
        var chance = SplitMix64(seed: 7)
        for _ in 0..<5_000 {
            let arguments = (0..<chance.below(5) + 1).map { _ in Self.argument(&chance) }
            let line = arguments.map(WindowsArguments.quoted).joined(separator: " ")

            #expect(Self.takenApart(line) == arguments, "\(line)")
        }
    }

    @Test func `and out of what PowerShell makes of them`() {
        var chance = SplitMix64(seed: 8)
        for _ in 0..<5_000 {
            let arguments = (0..<chance.below(5) + 1).map { _ in Self.argument(&chance) }
            let line = Self.asPowerShellWrites(arguments.map(WindowsArguments.forPowerShell))

            #expect(Self.takenApart(line) == arguments, "\(line)")
        }
    }

    @Test(arguments: [
        ("plain", "plain"), ("two words", "two words"), ("", "\"\""), ("a\"b", "\"a\\\"b\""), (#"a b\"#, #""a b\\""#),
    ])
    func `only what PowerShell would harm is quoted beforehand`(argument: String, passed: String) {
        #expect(WindowsArguments.forPowerShell(argument) == passed)
    }

    private static func argument(_ chance: inout SplitMix64) -> String {
        (0..<chance.below(9)).map { _ in alphabet[chance.below(alphabet.count)] }.joined()
    }

    /// As documented for `CommandLineToArgvW`, without the rule for the program's own name.
    private static func takenApart(_ line: String) -> [String] {
        var (arguments, current): ([String], String?) = ([], nil)
        var (isQuoted, backslashes) = (false, 0)
        for scalar in line.unicodeScalars {
            if scalar == "\\" {
                backslashes += 1
                continue
            }
            if scalar == "\"" {
                current = (current ?? "") + String(repeating: "\\", count: backslashes / 2)
                if backslashes.isMultiple(of: 2) { isQuoted.toggle() } else { current? += "\"" }
                backslashes = 0
                continue
            }
            if backslashes > 0 { current = (current ?? "") + String(repeating: "\\", count: backslashes) }
            backslashes = 0
            if !isQuoted, scalar == " " || scalar == "\t" {
                if let whole = current { arguments.append(whole) }
                current = nil
            } else {
                current = (current ?? "") + String(scalar)
            }
        }
        if backslashes > 0 { current = (current ?? "") + String(repeating: "\\", count: backslashes) }
        return arguments + (current.map { [$0] } ?? [])
    }

    /// As Windows PowerShell 5.1 does: marks around what has a blank outside of marks, nothing escaped, empty ones gone.
    private static func asPowerShellWrites(_ arguments: [String]) -> String {
        arguments.filter { !$0.isEmpty }.map { argument in
            var (marks, needsMarks, followsBackslash) = (0, false, false)
            for scalar in argument.unicodeScalars {
                if scalar == "\"", !followsBackslash { marks += 1 }
                if scalar.properties.isWhitespace, marks.isMultiple(of: 2) { needsMarks = true }
                followsBackslash = scalar == "\\"
            }
            return needsMarks ? "\"\(argument)\"" : argument
        }.joined(separator: " ")
    }
}
