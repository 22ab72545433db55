import Testing

@testable import noizylab

struct TimestampTextTests {
    @Test(arguments: [
        ("1970-01-01 00:00:00", 0), ("2014-04-10 07:15:00", 1_397_114_100), ("2014-04-10T07:15:00Z", 1_397_114_100),
        ("2014-04-10 07:15", 1_397_114_100), ("2014-04-10 07:15:00.999", 1_397_114_100),
        ("2014-04-10 09:15:00+02:00", 1_397_114_100), ("2014-04-10T02:45:00-0430", 1_397_114_100),
        ("2000-02-29", 951_782_400), ("1969-12-31 23:59:59", -1), ("1397114100", 1_397_114_100),
        ("1397114100.7", 1_397_114_100), ("-0.5", -1),
    ])
    func `times are read in the forms that files have`(text: String, seconds: Int64) {
        #expect(TimestampText.seconds(text) == seconds)
    }

    @Test(arguments: [
        "", "yesterday", "2014-13-01", "2014-04-10 24:00:00", "2014-04-10 07:60:00", "2014-04-10 07:15:00 PM",
        "2014-04-10 07", "10/04/2014 07:15", "nan", "inf", "1e300", "2014-04-10 07:15:00+25:00",
    ])
    func `anything else is no time`(text: String) {
        #expect(TimestampText.seconds(text) == nil)
    }
}
