import Coordinator
import Foundation
import GridModel
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct MailboxTests {
    @Test func `many producers lose nothing and keep their own order`() async throws {
        let mailbox = Mailbox<(Int, Int)>(capacity: 1_000_000)
        let seen = Mutex<[Int: [Int]]>([:])
        let ended = Outbox<Int>()
        let consumer = Thread {
            var batch: [(Int, Int)] = []
            while mailbox.take(into: &batch, until: nil) {
                seen.withLock { seen in for (producer, number) in batch { seen[producer, default: []].append(number) } }
            }
            ended.finish()
        }
        consumer.start()

        await withTaskGroup(of: Void.self) { group in
            for producer in 0..<8 {
                group.addTask { for number in 0..<5_000 { _ = mailbox.push((producer, number)) } }
            }
        }
        mailbox.close()
        _ = await ended.take()

        let lists = seen.withLock { $0 }
        #expect(lists.count == 8)
        for list in lists.values { #expect(list == Array(0..<5_000)) }
    }

    @Test func `a full mailbox refuses all but the urgent`() {
        let mailbox = Mailbox<Int>(capacity: 10)

        #expect(mailbox.push(1, weight: 100) == .taken)
        #expect(mailbox.push(2) == .full)
        #expect(mailbox.push(3, isUrgent: true) == .taken)
        mailbox.close()
        #expect(mailbox.push(4, isUrgent: true) == .closed)

        var batch: [Int] = []
        #expect(mailbox.take(into: &batch, until: nil))
        #expect(batch == [1, 3])
        #expect(!mailbox.take(into: &batch, until: nil))
    }

    @Test func `owners take turns, and what has none goes first`() {
        let mailbox = Mailbox<String>(capacity: 1_000_000)
        for number in 0..<100 { _ = mailbox.push("hostile-\(number)", weight: 64, owner: "hostile") }
        _ = mailbox.push("mine", weight: 1, owner: "ann")
        _ = mailbox.push("report", weight: 1)

        var batch: [String] = []
        #expect(mailbox.take(into: &batch, until: nil))
        #expect(batch == ["report", "hostile-0", "mine", "hostile-1", "hostile-2", "hostile-3"])

        mailbox.close()
        var all = batch.count
        while mailbox.take(into: &batch, until: nil) { all += batch.count }
        #expect(all == 102)
    }

    @Test func `a deadline wakes the consumer of an empty mailbox`() {
        let mailbox = Mailbox<Int>(capacity: 10)
        var batch: [Int] = []
        let begun = SystemClock.monotonic()

        #expect(mailbox.take(into: &batch, until: begun.advanced(byMilliseconds: 20)))

        #expect(batch.isEmpty)
        #expect(SystemClock.monotonic().milliseconds(since: begun) >= 19)
        _ = mailbox.push(7)
        #expect(mailbox.take(into: &batch, until: SystemClock.monotonic()))
        #expect(batch == [7])
    }

    @Test func `an outbox hands over everything that gathered, then its end`() async {
        let outbox = Outbox<Int>(capacity: 3)
        outbox.push(contentsOf: [1, 2])
        #expect(await outbox.take() == [1, 2])
        #expect(outbox.push(contentsOf: [3, 4, 5]))
        #expect(!outbox.push(6))
        #expect(!outbox.push(7))
        #expect(await outbox.take() == [3, 4, 5])
        #expect(await outbox.take() == nil)
    }

    @Test func `what is not urgent wakes nobody, and goes with what is`() async {
        let outbox = Outbox<Int>()
        await withTaskGroup(of: [Int]?.self) { group in
            group.addTask { await outbox.take() }
            await Task.yield()
            outbox.push(contentsOf: [1], isUrgent: false)
            outbox.push(contentsOf: [2], isUrgent: false)
            outbox.push(3)
            var taken: [Int] = []
            for await items in group { taken += items ?? [] }
            if taken.count < 3 { taken += outbox.takeNow() ?? [] }
            #expect(taken == [1, 2, 3])
        }

        await withTaskGroup(of: [Int]?.self) { group in
            group.addTask { await outbox.take() }
            for number in 0..<64 { outbox.push(contentsOf: [number], isUrgent: false) }
            #expect(await group.next()??.isEmpty == false)
        }
    }

    @Test func `cancelling the reader of an outbox ends it`() async {
        let outbox = Outbox<Int>()
        await withTaskGroup(of: [Int]?.self) { group in
            group.addTask { await outbox.take() }
            group.cancelAll()
            #expect(await group.next() == .some(nil))
        }
        #expect(!outbox.push(1))
    }
}
