import GridModel
import Testing

@Suite struct NodeNameTests {
    @Test(arguments: ["M2-Ultra", "HP-OMEN", "a", "0", "a.b_c-d", String(repeating: "x", count: 63)])
    func `names of machines are taken`(text: String) {
        #expect(NodeName(text)?.text == text)
    }

    @Test(arguments: ["", "-a", ".a", "a b", "a/b", "ü", "a\0", String(repeating: "x", count: 64)])
    func `other names are not`(text: String) {
        #expect(NodeName(text) == nil)
    }
}

@Suite struct TimestampTests {
    @Test(arguments: [(1, 1_000_000), (.max, .max), (.min, 0), (0, 0)] as [(Int64, Int64)])
    func `a monotonic time saturates`(milliseconds: Int64, nanoseconds: Int64) {
        #expect(MonotonicTime(nanoseconds: 0).advanced(byMilliseconds: milliseconds).nanoseconds == nanoseconds)
    }
}
