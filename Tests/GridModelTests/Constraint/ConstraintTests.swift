import GridModel
import Testing

@Suite struct ConstraintTests {
    typealias Term = Constraint.Term

    static let linux = Term.compare(.os, .equal, .text("linux"))
    static let gpu = Term.compare(.gpuMemory, .atLeast, .number(0x1p33))

    static let read: [(String, Term)] = [
        (#"os == "linux""#, linux),
        ("os == 'linux'", linux),
        ("os==linux", linux),
        ("gpu.memory >= 8GiB", gpu),
        ("gpu.memory >= 8g", gpu),
        ("gpu.memory >= 8192MiB", gpu),
        ("memory > 1GB", .compare(.memory, .greater, .number(1e9))),
        ("cores >= 4", .compare(.cores, .atLeast, .number(4))),
        ("cores < 1.5", .compare(.cores, .less, .number(1.5))),
        (#"runtime.python3 >= "3.10""#, .compare(.runtime("python3"), .atLeast, .text("3.10"))),
        ("runtime.python3 >= 3.10.2", .compare(.runtime("python3"), .atLeast, .text("3.10.2"))),
        ("label.zone", .has(.label("zone"))),
        ("!gpu", .not(.has(.gpuCount))),
        ("resource.licence >= 1", .compare(.resource("licence"), .atLeast, .number(1))),
        ("gpu.model in [T4, 'A 10']", .member(.gpuModel, [.text("T4"), .text("A 10")])),
        ("os == linux && gpu.memory >= 8GiB", .all([linux, gpu])),
        ("os == linux || gpu.memory >= 8GiB", .any([linux, gpu])),
        // && binds closer than ||, and parentheses closer than both.
        ("gpu || gpu && os == linux", .any([.has(.gpuCount), .all([.has(.gpuCount), linux])])),
        ("(gpu || gpu) && os == linux", .all([.any([.has(.gpuCount), .has(.gpuCount)]), linux])),
        ("!(os == linux)", .not(linux)),
    ]

    @Test(arguments: read) func `what is well formed is read`(text: String, term: Term) throws {
        #expect(try Constraint(text).root == term)
    }

    /// The text, the number of characters before the wrong one, and a part of what is said of it.
    static let wrong: [(String, Int, String)] = [
        ("", 0, "expected a name"),
        ("os == ", 6, "found the end"),
        ("os == && gpu", 6, "expected a value to compare 'os' with, and found '&&'"),
        ("os = linux", 3, "write '==', not '='"),
        ("gpu & os", 4, "write '&&', not '&'"),
        ("os == linux gpu", 12, "expected '&&', '||' or the end, and found 'gpu'"),
        ("(os == linux", 12, "expected ')'"),
        ("os == 'linux", 6, "has no end"),
        ("gpu.memroy >= 8GiB", 0, "did you mean 'gpu.memory'?"),
        ("colour == red", 0, "known are name, role, os"),
        ("memory >= 8", 10, "'memory' is a size; write 8GiB, or 8B for bytes"),
        ("gpu.memory >= 8GX", 14, "'GX' is no unit of size"),
        ("gpu.memory >= lots", 14, "is compared with a size like 8GiB, not with 'lots'"),
        ("cores >= 4GiB", 9, "is a number without a unit"),
        ("os in linux", 6, "expected '[' after 'in'"),
        ("os in [linux", 12, "expected ',' or ']'"),
        ("os ~ linux", 3, "'~' means nothing here"),
        ("os linux", 3, "expected one of == != <= >= < > or 'in', and found 'linux'"),
        (String(repeating: "(", count: 100), 32, "within each other"),
        (String(repeating: "!", count: 100), 31, "within each other"),
        (String(repeating: " ", count: 5_000), 4_096, "at most 4096 bytes"),
    ]

    @Test(arguments: wrong) func `what is wrong is pointed at`(text: String, offset: Int, words: String) throws {
        let error = try #require(throws: ConstraintError.self) { try Constraint(text) }

        #expect(error.offset == offset)
        #expect(error.message.contains(words), "\(error.message)")
    }

    @Test func `the mark stands under the character`() throws {
        let error = try #require(throws: ConstraintError.self) { try Constraint("os == && gpu") }

        #expect(
            error.illustrated == """
                expected a value to compare 'os' with, and found '&&' (character 7)
                  os == && gpu
                        ^
                """)
    }
}
