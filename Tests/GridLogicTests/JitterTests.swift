import GridLogic
import GridModel
import Testing

struct JitterTests {
    @Test func `a steady round trip has none, and a changing one comes near to the mean difference`() {
        var jitter = Jitter()
        for _ in 0..<50 { jitter.note(800) }
        #expect(jitter.microseconds == 0)

        for index in 0..<500 { jitter.note(index.isMultiple(of: 2) ? 700 : 900) }
        #expect(abs(jitter.microseconds - 200) < 1)
    }

    @Test func `what was not measured does not count`() {
        var jitter = Jitter()
        for value in [500, 0, -1, 500] as [Int64] { jitter.note(value) }
        #expect(jitter.microseconds == 0)
    }

    @Test(
        arguments: [
            ([nil, nil], nil), ([.wired, nil], .wired), ([.wired, .wireless], .wireless),
            ([.virtual, .wired], .virtual),
            ([.loopback, .loopback], .loopback),
        ] as [([LinkMedium?], LinkMedium?)])
    func `a link is what its worse end is`(_ ends: [LinkMedium?], _ medium: LinkMedium?) {
        #expect(LinkMedium.of(ends[0], ends[1]) == medium)
    }
}
