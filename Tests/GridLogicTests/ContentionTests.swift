import GridLogic
import GridModel
import Testing

struct ContentionTests {
    private static func at(_ milliseconds: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: 1_000_000_000 + milliseconds * 1_000_000)
    }

    /// What each of `callers`, one every 100 ms, hears of the others.
    private static func heard(_ callers: [String]) -> [Bool] {
        var contention = Contention<String>()
        return callers.enumerated().map { contention.note($1, at: at(Int64($0) * 100)) }
    }

    @Test func `who is alone has no rival`() {
        #expect(Self.heard(["ann", "ann", "ann"]) == [false, false, false])
    }

    @Test func `each of several hears of another`() {
        #expect(Self.heard(["ann", "bob", "ann", "cat", "cat", "bob"]) == [false, true, true, true, true, true])
    }

    @Test func `a rival is forgotten a second after its last word`() {
        let callers = ["bob"] + Array(repeating: "ann", count: 11)

        #expect(Self.heard(callers) == [false] + Array(repeating: true, count: 9) + [false, false])
    }
}
