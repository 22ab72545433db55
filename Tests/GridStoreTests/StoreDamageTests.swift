import Foundation
import GridModel
import GridStore
import Testing

@Suite struct StoreDamageTests {
    private let database = "/grid.sqlite"

    @Test func `a file that is no database is refused, and says what to do`() throws {
        try withFolder { folder in
            try Data(repeating: 0x5A, count: 20_000).write(to: URL(fileURLWithPath: folder + database))

            let error = #expect(throws: StoreError.self) { try SQLiteStore(folder: folder) }

            #expect(error?.code == .corrupt)
            #expect(error?.message.contains("restore a backup") == true)
        }
    }

    @Test func `an empty file, or a log alone, never starts an empty grid`() throws {
        try withFolder { folder in
            try Data().write(to: URL(fileURLWithPath: folder + database))
            #expect(throws: StoreError.self) { try SQLiteStore(folder: folder) }

            try FileManager.default.removeItem(atPath: folder + database)
            try Data([1]).write(to: URL(fileURLWithPath: folder + database + "-wal"))
            let error = #expect(throws: StoreError.self) { try SQLiteStore(folder: folder) }
            #expect(error?.code == .corrupt)
        }
    }

    @Test func `a truncated database is refused`() throws {
        try withFolder { parent in
            try fill(parent + "/store")
            let whole = try Data(contentsOf: URL(fileURLWithPath: parent + "/store" + database))
            for size in stride(from: 1, to: whole.count, by: 4_096 * 3 + 17) {
                let copy = "\(parent)/cut\(size)"
                try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
                try whole.prefix(size).write(to: URL(fileURLWithPath: copy + database))

                let error = #expect(throws: StoreError.self) { try SQLiteStore(folder: copy) }

                #expect(error?.code == .corrupt, "\(size) of \(whole.count)")
            }
        }
    }

    /// Each turn flips a few bits anywhere: what is answered is an error or what was kept, and nothing crashes.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func `flipped bits give an error or the right data`(seed: UInt64) throws {
        try withFolder { parent in
            var numbers = SplitMix64(seed: seed)
            let kept = try fill(parent + "/store")
            let whole = try Data(contentsOf: URL(fileURLWithPath: parent + "/store" + database))
            for turn in 0..<15 {
                let copy = "\(parent)/flip\(turn)"
                try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
                var damaged = whole
                for _ in 0..<Int.random(in: 1...4, using: &numbers) {
                    damaged[Int.random(in: 0..<whole.count, using: &numbers)] ^=
                        1 << UInt8.random(in: 0..<8, using: &numbers)
                }
                try damaged.write(to: URL(fileURLWithPath: copy + database))

                guard let store = refusable({ try SQLiteStore(folder: copy) }) else { continue }
                for task in kept {
                    if let found = refusable({ try store.task(task.id) }) {
                        #expect(found == task, "seed \(seed) turn \(turn)")
                    }
                    if let key = task.key, let found = refusable({ try store.task(key: key) }) {
                        #expect(found == task)
                    }
                }
                if let living = refusable({ try store.load().tasks }) {
                    #expect(living == kept.filter { !$0.state.isTerminal }, "seed \(seed) turn \(turn)")
                }
                _ = refusable { try store.events(from: 0, limit: 1_000) }
                _ = refusable { try store.commit(StoreBatch(tasks: [.sample(9_999)])) }
            }
        }
    }

    /// Nil when it was refused, which is as it should be.
    private func refusable<Value>(_ body: () throws -> Value) -> Value? { try? body() }

    @discardableResult
    private func fill(_ folder: String) throws -> [GridTask] {
        let store = try SQLiteStore(folder: folder)
        let states = TaskState.allCases
        let tasks = (1...120).map { number in
            GridTask.sample(UInt64(number), states[number % states.count], key: number % 3 == 0 ? "key-\(number)" : nil)
        }
        for chunk in stride(from: 0, to: tasks.count, by: 30) {
            let events = (0..<5).map { index in
                GridEvent(
                    number: UInt64(chunk / 6 + index + 1), at: Timestamp(microseconds: 5),
                    fact: .nodeOnline(NodeName("A")!))
            }
            try store.commit(StoreBatch(tasks: Array(tasks[chunk..<chunk + 30]), events: events))
        }
        try store.close()
        return tasks
    }
}
