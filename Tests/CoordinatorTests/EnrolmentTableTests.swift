import Coordinator
import GridIdentity
import GridModel
import Testing

@Suite struct EnrolmentTableTests {
    private static let begin = Timestamp(microseconds: 1_000_000)
    private let node = NodeName(checked: "Mac-Pro")
    private let key = [UInt8](repeating: 7, count: 32)
    private let fingerprint = JoinFingerprint(authorityKeyHash: [1], nodeKeyHash: [2], name: "Mac-Pro")

    private func after(_ seconds: Int64) -> Timestamp {
        Timestamp(microseconds: Self.begin.microseconds + seconds * 1_000_000)
    }

    private func asked() -> EnrolmentTable {
        var table = EnrolmentTable()
        _ = table.ask(node, fingerprint: fingerprint, keyHash: key, from: "10.0.0.9", at: Self.begin)
        return table
    }

    @Test func `a machine waits until an operator has read its fingerprint`() {
        var table = asked()
        #expect(table.state(of: node, keyHash: key, at: after(1)) == .waiting)
        #expect(table.all(at: after(1)).map(\.name) == [node])

        let decided = table.decide(node, approve: true, fingerprint: fingerprint.text, at: after(2))

        #expect((try? decided.get())?.state == .approved)
        #expect(table.state(of: node, keyHash: key, at: after(3)) == .approved)
        let again = table.decide(node, approve: false, fingerprint: "", at: after(4))
        #expect(again == .failure(.init(.decidedAlready(.approved))))
    }

    @Test func `another fingerprint is no yes, and a no needs none`() {
        var table = asked()

        let yes = table.decide(node, approve: true, fingerprint: "aaaa-aaaa-aaaa-aaaa", at: after(1))
        #expect(yes == .failure(.init(.otherFingerprint(fingerprint))))
        #expect(table.state(of: node, keyHash: key, at: after(1)) == .waiting)
        let no = table.decide(node, approve: false, fingerprint: "", at: after(1))
        #expect((try? no.get())?.state == .denied)
    }

    @Test func `nobody waits for ever`() {
        var table = asked()
        let over = after(EnrolmentTable.patienceSeconds)

        #expect(table.state(of: node, keyHash: key, at: over) == nil)
        #expect(table.all(at: over).isEmpty)
        let late = table.decide(node, approve: true, fingerprint: fingerprint.text, at: over)
        #expect(late == .failure(.init(.notWaiting)))
    }

    @Test func `a name that waits is not taken by another key, but the same machine may ask again`() {
        var table = asked()
        let other = [UInt8](repeating: 8, count: 32)

        let another = table.ask(node, fingerprint: fingerprint, keyHash: other, from: "", at: after(1))
        #expect(another == .failure(.init(.nameWaits)))
        let same = table.ask(node, fingerprint: fingerprint, keyHash: key, from: "", at: after(1))
        #expect((try? same.get()) != nil)
        table.left(node, keyHash: other)
        #expect(table.state(of: node, keyHash: key, at: after(2)) == .waiting)
        table.left(node, keyHash: key)
        #expect(table.state(of: node, keyHash: key, at: after(2)) == nil)
    }

    @Test func `only so many wait at once`() {
        var table = EnrolmentTable()
        for number in 0..<EnrolmentTable.capacity {
            let asked = table.ask(
                NodeName(checked: "n\(number)"), fingerprint: fingerprint, keyHash: key, from: "", at: Self.begin)
            #expect((try? asked.get()) != nil)
        }
        let one = table.ask(node, fingerprint: fingerprint, keyHash: key, from: "", at: Self.begin)
        #expect(one == .failure(.init(.tooMany)))
    }
}

@Suite struct ChallengeTableTests {
    private func at(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: milliseconds * 1_000_000) }

    @Test func `each number is good for one answer, for a minute`() {
        var table = ChallengeTable()
        table.add([1], at: at(0))
        table.add([2], at: at(0))

        let taken = [
            table.take([1], at: at(59_999)), table.take([1], at: at(59_999)), table.take([2], at: at(60_000)),
            table.take([3], at: at(0)),
        ]

        #expect(taken == [true, false, false, false])
    }

    @Test func `whoever draws very many makes the oldest go`() {
        var table = ChallengeTable()
        for number in 0..<(ChallengeTable.capacity + 10) {
            table.add(withUnsafeBytes(of: number) { Array($0) }, at: at(0))
        }
        let oldest = table.take(withUnsafeBytes(of: 9) { Array($0) }, at: at(1))
        let next = table.take(withUnsafeBytes(of: 10) { Array($0) }, at: at(1))

        #expect(!oldest)
        #expect(next)
    }

    @Test func `one that nobody answers keeps none of the others, and goes in its turn`() {
        func number(_ number: Int) -> [UInt8] { withUnsafeBytes(of: number) { Array($0) } }
        for (others, isKept) in [(ChallengeTable.capacity - 1, true), (ChallengeTable.capacity, false)] {
            var table = ChallengeTable()
            table.add(number(0), at: at(0))
            for other in 1...others {
                table.add(number(other), at: at(0))
                let isTaken = table.take(number(other), at: at(0))
                #expect(isTaken)
            }
            let isTaken = table.take(number(0), at: at(1))
            #expect(isTaken == isKept)
        }
    }
}
