import Foundation
import GridIdentity
import Testing

@Suite struct RenewalMachineTests {
    private static let begin = Date(timeIntervalSince1970: 1_800_000_000)
    private static func day(_ days: Double) -> Date { begin.addingTimeInterval(days * 86_400) }

    private func facts(days: Double = 30) throws -> CertificateFacts {
        try withAuthority { authority, _ in
            let identity = try #require(PeerIdentity(cluster: "TEST", role: .agent, name: "a"))
            return try CertificateFacts(
                pem: authority.issue(
                    signingRequest: SigningKey.make().signingRequest(), to: identity, now: Self.begin,
                    lifetimeSeconds: Int64(days * 86_400)))
        }
    }

    @Test(arguments: [
        (0.0, RenewalMachine.Action.none), (19, .none), (20.1, .renew), (29.9, .renew), (30, .recover), (400, .recover),
        (-1, .renew),
    ])
    func `it renews at two thirds of its life, and recovers after its end`(
        day: Double, action: RenewalMachine.Action
    ) throws {
        let machine = RenewalMachine(try facts(), isSignedByCurrent: true)

        #expect(machine.action(at: Self.day(day)) == action)
    }

    @Test func `one that another authority signed is replaced, but not by all nodes at once`() throws {
        var machine = RenewalMachine(try facts(), isSignedByCurrent: true)

        machine.authorityChanged(isSignedByCurrent: false, at: Self.day(1), jitter: 1)

        #expect(machine.action(at: Self.day(1)) == .none)
        #expect(machine.action(at: Self.day(1).addingTimeInterval(2)) == .renew)
        machine.authorityChanged(isSignedByCurrent: true, at: Self.day(1), jitter: 1)
        #expect(machine.action(at: Self.day(1).addingTimeInterval(2)) == .none)
    }

    @Test func `refused again and again, it proves its key`() throws {
        var machine = RenewalMachine(try facts(), isSignedByCurrent: true)
        machine.refused()
        machine.refused()
        #expect(machine.action(at: Self.day(1)) == .none)
        machine.welcomed()
        machine.refused()
        #expect(machine.action(at: Self.day(1)) == .none, "a welcome begins the count again")
        machine.refused()
        machine.refused()

        #expect(machine.action(at: Self.day(1)) == .recover)
        machine.renewed(try facts())
        #expect(machine.action(at: Self.day(1)) == .none)
    }

    @Test func `each failure makes the pause longer, up to a minute`() throws {
        var machine = RenewalMachine(try facts(), isSignedByCurrent: true)
        var pauses: [TimeInterval] = []
        for _ in 0..<9 {
            machine.failed(at: Self.day(25), jitter: 1)
            let pause = (1...1_000).map { Double($0) / 10 }.first { pause in
                machine.action(at: Self.day(25).addingTimeInterval(pause)) == .renew
            }
            pauses.append(try #require(pause))
        }

        #expect(pauses == pauses.sorted())
        #expect(pauses.first == 1)
        #expect(pauses.last == 60)
    }

    @Test func `the shortest life renews too`() throws {
        let facts = try facts(days: 20.0 / 86_400)
        let machine = RenewalMachine(facts, isSignedByCurrent: true)

        #expect(machine.action(at: Self.begin.addingTimeInterval(11)) == .none)
        #expect(machine.action(at: Self.begin.addingTimeInterval(14)) == .renew)
        #expect(facts.notBefore == Self.begin.addingTimeInterval(-2))
    }
}
