import NoizyClient
import Testing

/// Elements pass from one task to another in order, one at a time, and nobody waits for ever.
@Suite(.timeLimit(.minutes(1)))
struct HandoffTests {
    private struct Fault: Error {}

    @Test func `everything arrives in order, and the giver is never ahead by more than one`() async throws {
        let handoff = Handoff<Int>()
        let given = Shared(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for number in 0..<1_000 {
                    given.withLock { $0 = number }
                    #expect(await handoff.give(number))
                }
                handoff.finish()
            }
            var next = 0
            while let number = try await handoff.take() {
                #expect(number == next)
                #expect(given.withLock { $0 } <= next + 1)
                next += 1
            }
            #expect(next == 1_000)
            try await group.waitForAll()
        }
    }

    @Test func `a reader that leaves lets the giver go`() async {
        let handoff = Handoff<Int>()
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { await handoff.give(1) }
            handoff.finish()
            for await isTaken in group { #expect(!isTaken) }
        }
        #expect(await handoff.give(2) == false)
    }

    @Test func `a failure reaches the reader`() async throws {
        let handoff = Handoff<Int>()
        handoff.finish(Fault())
        await #expect(throws: Fault.self) { try await handoff.take() }
    }

    @Test func `cancellation wakes a waiting reader`() async throws {
        let handoff = Handoff<Int>()
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    return try await handoff.take() == nil
                } catch {
                    return error is CancellationError
                }
            }
            group.cancelAll()
            for await isWoken in group { #expect(isWoken) }
        }
    }

    @Test func `patience doubles its pauses and ends`() async {
        var options = GridClientOptions()
        options.firstPause = .milliseconds(1)
        options.longestPause = .milliseconds(4)
        var patience = Patience(options, limit: .milliseconds(12))
        var now = ContinuousClock.now
        var pauses: [Duration] = []
        while let pause = patience.nextPause(at: now, spread: 1) {
            pauses.append(pause)
            now += pause
        }
        #expect(pauses == [1, 2, 4, 4, 1].map { .milliseconds($0) })

        patience.succeeded()
        #expect(patience.nextPause(at: now, spread: 1.25) == .milliseconds(1) * 1.25)

        var none = Patience(options, limit: .zero)
        #expect(await none.failed() == false)
    }
}
