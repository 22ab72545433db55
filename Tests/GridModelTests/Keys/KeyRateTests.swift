import GridModel
import Testing

struct KeyRateTests {
    @Test(arguments: [
        ("10/s", 10.0), ("600/m", 10.0), ("3600/h", 1.0), ("1/h", 1.0 / 3_600), ("1000000/s", 1_000_000.0),
    ])
    func `a rate reads as it is written`(text: String, perSecond: Double) throws {
        let rate = try #require(KeyRate(text))
        #expect(rate.perSecond == perSecond)
        #expect(rate.description == text)
    }

    @Test(arguments: [
        "", "10", "10/", "/s", "0/s", "-1/s", "+1/s", "10/d", "10/s/s", "1000001/s", "1.5/s", " 10/s", "9e9/s",
    ])
    func `anything else is none`(text: String) {
        #expect(KeyRate(text) == nil)
    }
}
