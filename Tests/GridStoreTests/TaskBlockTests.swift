import Foundation
import GRDB
import GridModel
import GridStore
import Testing

/// What lives is kept in blocks first; nobody who asks the store notices.
@Suite struct TaskBlockTests {
    @Test func `a task is the same in its block, after its end, and after a restart at any time`() throws {
        try withFolder { parent in
            let store = try SQLiteStore(folder: parent + "/live")
            var expected: [GridTask] = []
            for (step, state) in [TaskState.queued, .assigned, .running, .queued, .succeeded].enumerated() {
                let task = GridTask.sample(1, state, key: "k")
                try store.commit(StoreBatch(tasks: [task, .sample(UInt64(10 + step))]))
                expected = [task] + expected.dropFirst() + [.sample(UInt64(10 + step))]
                let copy = "\(parent)/copy\(step)"
                try copyStore(from: parent + "/live", to: copy)
                let restarted = try SQLiteStore(folder: copy)
                for store in [store, restarted] {
                    #expect(try store.task(task.id) == task)
                    #expect(try store.task(key: "k") == task)
                    #expect(try store.tasks(limit: 100) == expected.reversed())
                }
                #expect(try restarted.load().tasks == expected.filter { !$0.state.isTerminal })
                #expect(restarted.counts() == store.counts())
            }
        }
    }

    @Test func `what lives long moves to the table, what ends leaves no block`() throws {
        try withFolder { folder in
            let store = try SQLiteStore(folder: folder)
            try store.commit(StoreBatch(tasks: [.sample(1, .running, key: "long"), .sample(2)]))
            for number in 3...1_000 as ClosedRange<UInt64> {
                try store.commit(StoreBatch(tasks: [.sample(number)]))
                if number > 600 { try store.commit(StoreBatch(tasks: [.sample(number, .succeeded)])) }
            }

            #expect(try rows("SELECT count(*) FROM task WHERE id IN (1, 2)", folder) == 2)
            #expect(try rows("SELECT count(*) FROM task_block", folder) <= 260)
            #expect(try store.task(key: "long")?.id.number == 1)
            #expect(try store.load().tasks.map(\.id.number) == Array(1...600))
            let error = #expect(throws: StoreError.self) {
                try store.commit(StoreBatch(tasks: [.sample(2_000, key: "long")]))
            }
            #expect(error?.code == .conflict)
            try store.commit(StoreBatch(tasks: [.sample(1, .succeeded, key: "long")]))
            #expect(try store.task(TaskID(number: 1))?.state == .succeeded)
        }
    }

    /// A block outlives the purge of a task that stands in it, because of another that lives.
    @Test func `a purged task never lives again`() throws {
        try withFolder { folder in
            do {
                let store = try SQLiteStore(folder: folder)
                try store.commit(StoreBatch(tasks: [.sample(1), .sample(2)]))
                try store.commit(StoreBatch(tasks: [.sample(1, .succeeded)]))
                #expect(try store.purge(finishedBefore: Timestamp(microseconds: .max)).map(\.number) == [1])
                #expect(try store.tasks(limit: 10).map(\.id.number) == [2])
                try store.close()
            }

            let store = try SQLiteStore(folder: folder)

            #expect(try store.load().tasks.map(\.id.number) == [2])
            #expect(store.counts() == [.queued: 1])
            #expect(try store.task(TaskID(number: 1)) == nil)
        }
    }

    @Test func `a block that was damaged stops the opening`() throws {
        try withFolder { folder in
            do {
                let store = try SQLiteStore(folder: folder)
                try store.commit(StoreBatch(tasks: [.sample(1), .sample(2)]))
                try store.close()
            }
            let queue = try DatabaseQueue(path: folder + "/grid.sqlite")
            try queue.write { try $0.execute(sql: "UPDATE task_block SET block = zeroblob(length(block))") }
            try queue.close()

            let error = #expect(throws: StoreError.self) { try SQLiteStore(folder: folder) }

            #expect(error?.code == .corrupt)
        }
    }

    private func rows(_ sql: String, _ folder: String) throws -> Int {
        let queue = try DatabaseQueue(path: folder + "/grid.sqlite")
        defer { try? queue.close() }
        return try queue.read { try Int.fetchOne($0, sql: sql) ?? 0 }
    }
}
