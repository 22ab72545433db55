import GridModel
import Testing

struct NamePatternTests {
    @Test(arguments: [
        ("*", "HP-OMEN", true), ("HP-*", "HP-OMEN", true), ("HP-*", "hp-omen", false), ("HP-*", "HP-", true),
        ("HP-*", "XHP-OMEN", false), ("*-OMEN", "HP-OMEN", true), ("*-OMEN", "HP-OMEN-2", false),
        ("Mac-Pro", "Mac-Pro", true), ("Mac-Pro", "Mac-Pro2", false), ("Mac-Pr?", "Mac-Pro", true),
        ("Mac-Pr?", "Mac-Pr", false), ("a*b*c", "axxbyybzzc", true), ("a*b*c", "axxbyybzz", false),
        ("**", "x", true), ("?*?", "ab", true), ("?*?", "a", false), ("a.b", "axb", false),
    ])
    func `a pattern matches what it should`(pattern: String, name: String, isMatch: Bool) {
        #expect(NamePattern(pattern)?.matches(name) == isMatch)
    }

    @Test(arguments: ["", "a b", "a/b", "[ab]", "naïve", String(repeating: "*", count: 64), "a\u{0}"])
    func `what no name could match is no pattern`(text: String) {
        #expect(NamePattern(text) == nil)
    }

    @Test func `a hostile pattern takes no time`() {
        let pattern = NamePattern(String(repeating: "a*", count: 31) + "b")
        #expect(pattern?.matches(String(repeating: "a", count: 63)) == false)
    }
}
