import GridWire
import NoizyClient
import SwiftProtobuf
import Testing

/// Which of many tasks are to be sent, and what becomes of them when the connection goes.
@Suite(.timeLimit(.minutes(1)))
struct TaskBookTests {
    @Test func `requests are sent in batches and settled by their numbers`() async {
        let book = TaskBook(window: 10)
        for number in 0..<3 { #expect(await book.add(.echo("\(number)"))) }
        book.endInput()

        let batch = await book.takeBatch() ?? []
        #expect(batch.map(\.ref) == [0, 1, 2])
        #expect(Set(batch.map(\.key)).count == 3, "each durable request has a key of its own")
        #expect(!book.isDone)

        let settled = book.settle([Self.result(2), Self.result(0), Self.result(0)])
        #expect(settled.map(\.index) == [2, 0], "a repeated answer is told once")
        _ = book.settle([Self.result(1)])
        #expect(book.isDone)
        #expect(await book.takeBatch() == nil)
    }

    @Test func `after a lost connection the durable are sent again under the same keys, the ephemeral are unknown`()
        async
    {
        let book = TaskBook(window: 10)
        var ephemeral = TaskRequest.echo("gone")
        ephemeral.isEphemeral = true
        _ = await book.add(.echo("kept"))
        _ = await book.add(ephemeral)
        let first = await book.takeBatch() ?? []
        _ = await book.add(.echo("new"))
        book.endInput()

        let unknown = book.reconnect(because: "the cable")
        let again = await book.takeBatch() ?? []

        #expect(unknown.map(\.index) == [1])
        #expect(unknown.first?.state == nil)
        #expect(unknown.first?.error == "the cable")
        #expect(again.map(\.ref) == [0, 2])
        #expect(again.first?.key == first.first?.key)
    }

    @Test func `the window holds the source back until something is settled`() async {
        let book = TaskBook(window: 2)
        _ = await book.add(.echo("a"))
        _ = await book.add(.echo("b"))
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { await book.add(.echo("c")) }
            // Whether it waits already or not: it gets in only by this.
            #expect(await book.takeBatch()?.count == 2)
            #expect(book.settle([Self.result(0)]).count == 1)
            #expect(await group.next() == true)
        }
        #expect(await book.takeBatch()?.map(\.ref) == [2])
    }

    @Test func `whoever waits is let go when it is abandoned`() async {
        let book = TaskBook(window: 1)
        _ = await book.add(.echo("a"))
        _ = await book.takeBatch()
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { await book.add(.echo("b")) }
            group.addTask { await book.takeBatch() != nil }
            book.abandon()
            for await isWanted in group { #expect(!isWanted) }
        }
    }

    private static func result(_ ref: UInt64) -> Noizylab_Grid_TaskResult {
        .with {
            $0.ref = ref
            $0.state = "succeeded"
        }
    }
}
