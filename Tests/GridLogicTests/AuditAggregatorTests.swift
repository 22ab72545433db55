import GridLogic
import GridModel
import Testing

struct AuditAggregatorTests {
    private static func at(_ milliseconds: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: milliseconds * 1_000_000)
    }

    private static func denial(_ who: String = "eve", at milliseconds: Int64, count: Int64 = 1) -> AuditEntry {
        AuditEntry(
            who: who, from: "10.0.0.9", what: "Admin/CreateToken", outcome: "PERMISSION_DENIED",
            at: Timestamp(microseconds: milliseconds * 1_000), count: count)
    }

    @Test func `changes stand one by one, in order`() {
        var audit = AuditAggregator()
        for number in 0..<3 { audit.add(single: Self.denial("ann", at: Int64(number))) }
        let taken = audit.takeReady(at: Self.at(5))

        #expect(taken.map(\.firstAt.milliseconds) == [0, 1, 2])
        let none = audit.takeReady(at: Self.at(60_000))
        #expect(none.isEmpty)
    }

    @Test func `of a flood the first stands at once and the rest is a count`() {
        var audit = AuditAggregator()
        for number in Int64(0)..<100_000 {
            audit.add(repeatable: Self.denial(at: number / 20), at: Self.at(number / 20))
        }

        let first = audit.takeReady(at: Self.at(5_000))
        #expect(first.map(\.count) == [1])
        let early = audit.takeReady(at: Self.at(9_999))
        #expect(early.isEmpty)
        let rest = audit.takeReady(at: Self.at(10_000))
        #expect(rest.map(\.count) == [99_999])
        #expect(rest.first?.lastAt.milliseconds == 4_999)
        // It went on, so it is still counted.
        audit.add(repeatable: Self.denial(at: 12_000), at: Self.at(12_000))
        let later = audit.takeReady(at: Self.at(20_000))
        #expect(later.map(\.count) == [1])
        let quiet = audit.takeReady(at: Self.at(30_000))
        #expect(quiet.isEmpty)
    }

    @Test func `kinds are bounded and nothing is lost`() {
        var audit = AuditAggregator()
        for number in 0..<20_000 { audit.add(repeatable: Self.denial("\(number)", at: 1), at: Self.at(1)) }
        let taken = audit.takeReady(at: Self.at(2), isLast: true)

        #expect(taken.reduce(0) { $0 + $1.count } == 20_000)
        #expect(taken.count <= AuditAggregator.kindLimit + 2)
        let many = taken.filter { $0.who == "(many)" }
        #expect(many.reduce(0) { $0 + $1.count } == 20_000 - Int64(AuditAggregator.kindLimit))
    }

    @Test func `no two entries are written alike for the chain`() {
        var one = Self.denial(at: 1)
        one.subject = "ab"
        one.reason = "c"
        var other = one
        other.subject = "a"
        other.reason = "bc"

        #expect(AuditRecord.chainBytes(number: 1, one) != AuditRecord.chainBytes(number: 1, other))
        #expect(AuditRecord.chainBytes(number: 1, one) != AuditRecord.chainBytes(number: 2, one))
        #expect(AuditRecord.chainBytes(number: 1, one) == AuditRecord.chainBytes(number: 1, one))
    }
}
