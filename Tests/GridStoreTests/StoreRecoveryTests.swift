import Foundation
import GRDB
import GridModel
import GridStore
import Testing

@Suite struct StoreRecoveryTests {
    /// What a `kill -9` leaves is the files as they are: everything acknowledged must be in them.
    @Test func `every commit that returned survives the death of the process`() throws {
        try withFolder { parent in
            let store = try SQLiteStore(folder: parent + "/live")
            for number in 1...30 as ClosedRange<UInt64> {
                try store.commit(StoreBatch(tasks: [.sample(number, .queued), .sample(max(1, number - 1), .running)]))
                let copy = "\(parent)/copy\(number)"
                try copyStore(from: parent + "/live", to: copy)

                let tasks = try SQLiteStore(folder: copy).load().tasks

                #expect(tasks.map(\.id.number) == Array(1...number))
                #expect(tasks.dropLast().allSatisfy { $0.state == .running })
            }
        }
    }

    /// A power cut may cut the log anywhere after what was synchronized. Each batch writes 10 tasks and an event.
    @Test func `a log cut anywhere gives the first batches, each whole`() throws {
        try withFolder { parent in
            var numbers = SplitMix64(seed: 11)
            let store = try SQLiteStore(folder: parent + "/live")
            try store.checkpoint()
            for batch in 0..<12 as Range<UInt64> {
                let tasks = (1...10).map { GridTask.sample(batch * 10 + $0, key: "key \(batch) \($0)") }
                let event = GridEvent(
                    number: batch + 1, at: Timestamp(microseconds: 1), fact: .nodeOnline(NodeName("A")!))
                try store.commit(StoreBatch(tasks: tasks, events: [event]))
            }
            let log = try Data(contentsOf: URL(fileURLWithPath: parent + "/live/grid.sqlite-wal"))
            var seen: Set<Int> = []

            for turn in 0..<40 {
                let copy = "\(parent)/copy\(turn)"
                try copyStore(from: parent + "/live", to: copy)
                let cut = Int.random(in: 0...log.count, using: &numbers)
                try log.prefix(cut).write(to: URL(fileURLWithPath: copy + "/grid.sqlite-wal"))
                let recovered = try SQLiteStore(folder: copy)
                let state = try recovered.load()

                #expect(state.tasks.count % 10 == 0)
                #expect(state.tasks.map(\.id.number) == Array(0..<UInt64(state.tasks.count)).map { $0 + 1 })
                #expect(state.nextEventNumber == UInt64(state.tasks.count / 10) + 1)
                seen.insert(state.tasks.count / 10)
                if let last = state.tasks.last { #expect(try recovered.task(key: last.key!) == last) }
            }
            #expect(seen.count > 5)
        }
    }

    @Test func `a second opening is refused and names the process that has it`() throws {
        try withFolder { folder in
            let store = try SQLiteStore(folder: folder)

            let error = #expect(throws: StoreError.self) { try SQLiteStore(folder: folder) }

            #expect(error?.code == .inUse)
            #expect(error?.message.contains("process \(ProcessInfo.processInfo.processIdentifier)") == true)
            withExtendedLifetime(store) {}
        }
    }

    @Test func `a store from a newer version is refused and left as it was`() throws {
        try withFolder { folder in
            do { try SQLiteStore(folder: folder).close() }
            let queue = try DatabaseQueue(path: folder + "/grid.sqlite")
            try queue.write { database in
                try database.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 from the future')")
            }
            try queue.close()

            for _ in 0..<2 {
                let error = #expect(throws: StoreError.self) { try SQLiteStore(folder: folder) }
                #expect(error?.code == .newerVersion)
                #expect(error?.message.contains("newer version of noizylab") == true)
            }
        }
    }

    @Test func `another program's database is refused`() throws {
        try withFolder { folder in
            let queue = try DatabaseQueue(path: folder + "/grid.sqlite")
            try queue.write { try $0.execute(sql: "CREATE TABLE songs (id INTEGER PRIMARY KEY)") }
            try queue.close()

            let error = #expect(throws: StoreError.self) { try SQLiteStore(folder: folder) }

            #expect(error?.code == .corrupt)
            #expect(error?.message.contains("not a NOIZYLAB task store") == true)
        }
    }
}

func copyStore(from source: String, to target: String) throws {
    try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
    for name in ["grid.sqlite", "grid.sqlite-wal"] where FileManager.default.fileExists(atPath: "\(source)/\(name)") {
        try FileManager.default.copyItem(atPath: "\(source)/\(name)", toPath: "\(target)/\(name)")
    }
}
