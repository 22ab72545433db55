import GridLogic
import Testing

struct ReturnPeriodTests {
    @Test func `it counts back to what was comparably strong`() {
        var period = ReturnPeriod(share: 0.5)
        let strengths = [0, 4.0, 0, 0, 1, 3, 0, 8, 8, 0]
        // 1 is comparable with 4 before it, 3 with 4, the first 8 with nothing but 4 (exactly half), 0 with anything.
        let expected = [1, 2, 1, 1, 3, 4, 1, 6, 1, 1]

        #expect(strengths.map { period.samples(since: $0) } == expected)
    }

    @Test func `strengths out of any bounds are told apart no more`() {
        var period = ReturnPeriod(share: 0.65)
        for strength in [1e-300, 1e300, .greatestFiniteMagnitude, 0] { #expect(period.samples(since: strength) >= 1) }
        #expect(period.samples(since: 1e200) == 2)
    }
}
