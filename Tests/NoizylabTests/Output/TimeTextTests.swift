import Testing

@testable import noizylab

struct TimeTextTests {
    @Test(arguments: [
        (1_000, "1970-01-01T00:00:00.001Z"), (1_763_849_889_123_456, "2025-11-22T22:18:09.123Z"),
        (951_782_400_000_000, "2000-02-29T00:00:00.000Z"), (4_102_444_799_999_000, "2099-12-31T23:59:59.999Z"),
    ])
    func `times are ISO 8601 in UTC`(microseconds: Int64, text: String) {
        #expect(TimeText.iso(microseconds: microseconds) == text)
    }

    @Test func `what has not happened has no time`() {
        #expect(TimeText.iso(microseconds: 0) == nil)
        #expect(TimeText.relative(microseconds: 0, now: 5_000_000) == "-")
    }

    @Test(arguments: [
        (0, "now"), (999, "now"), (1_000, "1s ago"), (59_999, "59s ago"), (60_000, "1m ago"), (3_600_000, "1h ago"),
        (172_799_000, "47h ago"), (172_800_000, "2d ago"), (-90_000, "in 1m"), (-500, "now"),
    ])
    func `distance is told in the largest unit`(milliseconds: Int64, text: String) {
        let now: Int64 = 1_763_849_889_000_000
        #expect(TimeText.relative(microseconds: now - milliseconds * 1_000, now: now) == text)
    }

    @Test(arguments: [(-5, "0ms"), (12, "12ms"), (3_450, "3.4s"), (125_000, "2m05s"), (3_720_000, "1h02m")])
    func `how long it took is told with what matters`(milliseconds: Int64, text: String) {
        #expect(TimeText.took(milliseconds: milliseconds) == text)
    }

    @Test(arguments: [
        (0, "0 B"), (1_023, "1023 B"), (1_024, "1 KiB"), (1_536, "1.5 KiB"), (3_435_973_837, "3.2 GiB"),
        (1 << 40, "1 TiB"),
    ])
    func `bytes are told in the largest unit`(bytes: Int64, text: String) {
        #expect(TimeText.bytes(bytes) == text)
    }
}
