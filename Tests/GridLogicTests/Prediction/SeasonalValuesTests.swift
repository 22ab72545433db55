import GridLogic
import Testing

struct SeasonalValuesTests {
    /// 10 by night and 50 from noon to 18:00, a sample each quarter of an hour.
    private func learnt(days: Int64) -> SeasonalValues {
        var values = SeasonalValues(periodSeconds: 86_400, binCount: 48, neededVisits: 3)
        for quarter in 0..<(days * 96) {
            let hour = quarter / 4 % 24
            _ = values.distance(of: hour >= 12 && hour < 18 ? 50 : 10, at: quarter * 900)
        }
        return values
    }

    @Test(arguments: [(3, 50.0, 40.0), (15, 50, 0), (15, 10, 40), (3, 10, 0), (12, 10, 0), (12, 50, 0)])
    func `a value is compared with those of its hour`(hour: Int64, value: Double, distance: Double) {
        var values = learnt(days: 5)

        let found = values.distance(of: value, at: 5 * 86_400 + hour * 3_600)

        #expect(abs(found - distance) < 0.5)
    }

    @Test func `before three days it says nothing`() {
        var values = learnt(days: 2)

        #expect(values.distance(of: 50, at: 2 * 86_400 + 3 * 3_600) == 0)
    }

    @Test func `today is not its own precedent`() {
        var values = learnt(days: 5)

        for quarter in Int64(0)..<3 {
            #expect(values.distance(of: 50, at: 5 * 86_400 + 3 * 3_600 + quarter * 900) > 39)
        }
    }

    @Test func `times before 1970 have an hour too`() {
        var values = learnt(days: 5)

        #expect(values.distance(of: 50, at: -86_400 + 15 * 3_600) == 0)
        #expect(values.distance(of: 50, at: .min) >= 0)
    }
}
