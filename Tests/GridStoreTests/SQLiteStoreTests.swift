import Foundation
import GridModel
import GridStore
import GridWire
import Testing

@Suite struct SQLiteStoreTests {
    @Test func `what was committed is found again, by id and by key`() throws {
        try withFolder { folder in
            let task = GridTask.sample(1, .running, key: "nightly")
            let finished = GridTask.sample(2, .failed)
            let node = Node(name: NodeName("M2-Ultra")!, role: .primary, labels: ["a": "b"])
            do {
                let store = try SQLiteStore(folder: folder)
                try store.commit(StoreBatch(tasks: [task, finished], nodes: [node]))
                #expect(try store.task(task.id) == task)
                try store.close()
            }

            let store = try SQLiteStore(folder: folder)
            let state = try store.load()

            #expect(state.tasks == [task])
            #expect(state.nodes == [node])
            #expect(try store.task(finished.id) == finished)
            #expect(try store.task(key: "nightly") == task)
            #expect(try store.task(key: "Nightly") == nil)
            #expect(try store.task(TaskID(number: 3)) == nil)
            #expect(store.counts() == [.running: 1, .failed: 1])
        }
    }

    @Test func `the last of a task's saves in a batch counts`() throws {
        try withFolder { folder in
            let store = try SQLiteStore(folder: folder)

            try store.commit(
                StoreBatch(tasks: [.sample(1), .sample(2), .sample(1, .assigned), .sample(1, .succeeded)]))

            #expect(try store.task(TaskID(number: 1))?.state == .succeeded)
            #expect(store.counts() == [.succeeded: 1, .queued: 1])
        }
    }

    @Test func `a task that ended cannot be changed, and the batch that tries keeps nothing`() throws {
        try withFolder { folder in
            let store = try SQLiteStore(folder: folder)
            try store.commit(StoreBatch(tasks: [.sample(1, .succeeded)]))
            try store.commit(StoreBatch(tasks: [.sample(1, .succeeded)]))

            let error = #expect(throws: StoreError.self) {
                try store.commit(StoreBatch(tasks: [.sample(2), .sample(1, .failed)]))
            }

            #expect(error?.code == .conflict)
            #expect(try store.task(TaskID(number: 2)) == nil)
            #expect(store.counts() == [.succeeded: 1])
        }
    }

    @Test func `a key belongs to one task`() throws {
        try withFolder { folder in
            let store = try SQLiteStore(folder: folder)
            try store.commit(StoreBatch(tasks: [.sample(1, key: "k")]))

            let error = #expect(throws: StoreError.self) {
                try store.commit(StoreBatch(tasks: [.sample(2), .sample(3, key: "k")]))
            }

            #expect(error?.code == .conflict)
            #expect(try store.task(key: "k")?.id.number == 1)
            #expect(store.counts() == [.queued: 1])
        }
    }

    @Test func `lists are filtered and come newest first, page by page`() throws {
        try withFolder { folder in
            var numbers = SplitMix64(seed: 7)
            let store = try SQLiteStore(folder: folder)
            let nodes = ["A", "B", "C"]
            let tasks = (1...400).map { number in
                GridTask.sample(
                    UInt64(number), TaskState.allCases.randomElement(using: &numbers)!,
                    node: nodes.randomElement(using: &numbers)!)
            }
            try store.commit(StoreBatch(tasks: tasks))
            let filters: [(Set<TaskState>, NodeName?)] = [
                ([], nil), ([.failed], nil), ([.queued, .lost], nil), ([], NodeName("B")),
                ([.succeeded, .running, .timedOut], NodeName("C")), ([.failed], NodeName("Z")),
            ]

            for (states, node) in filters {
                var found: [GridTask] = []
                while true {
                    let page = try store.tasks(states: states, node: node, before: found.last?.id, limit: 17)
                    found += page
                    if page.count < 17 { break }
                }

                let expected = tasks.reversed().filter { task in
                    (states.isEmpty || states.contains(task.state)) && (node == nil || task.attempts.last?.node == node)
                }
                #expect(found == Array(expected))
            }
        }
    }

    @Test func `ids are found by the first letters`() throws {
        try withFolder { folder in
            let store = try SQLiteStore(folder: folder)
            let tasks = (1...2_000).map { GridTask.sample(UInt64($0), $0 % 2 == 0 ? .queued : .succeeded) }
            try store.commit(StoreBatch(tasks: tasks))

            for prefix in ["0", "zz", tasks[77].id.description, String(tasks[99].id.description.prefix(3))] {
                let found = try store.ids(withPrefix: TaskID.Prefix(prefix)!, limit: 5_000)

                #expect(Set(found) == Set(tasks.map(\.id).filter { $0.description.hasPrefix(prefix) }))
            }
            #expect(try store.ids(withPrefix: TaskID.Prefix("0")!, limit: 2).count == 2)
        }
    }

    @Test func `events come back by number from any point`() throws {
        try withFolder { folder in
            let store = try SQLiteStore(folder: folder)
            var next: UInt64 = 1
            for size in [1, 5, 1, 40, 3] {
                let events = (0..<size).map { index in
                    GridEvent(
                        number: next + UInt64(index), at: Timestamp(microseconds: Int64(next) + Int64(index)),
                        fact: .taskSubmitted(TaskID(number: 1), type: "echo", submitter: "ada"))
                }
                next += UInt64(size)
                try store.commit(StoreBatch(events: events))
            }

            for from in [0, 1, 2, 6, 7, 30, 50, 51] as [UInt64] {
                let found = try store.events(from: from, limit: 20).map(\.number)
                #expect(found == Array((1...50).filter { $0 >= from }.prefix(20)))
            }
            #expect(try store.lastEventNumber() == 50)
            #expect(try store.load().nextEventNumber == 51)
        }
    }

    @Test func `old events go, the newest commit's stay`() throws {
        try withFolder { folder in
            let store = try SQLiteStore(folder: folder)
            for number in 1...10 as ClosedRange<UInt64> {
                let at = Timestamp(microseconds: Int64(number))
                let event = GridEvent(number: number, at: at, fact: .nodeOnline(NodeName("A")!))
                try store.commit(StoreBatch(events: [event]))
            }

            #expect(try store.purgeEvents(before: Timestamp(microseconds: 4)) == 3)
            #expect(try store.events(from: 0, limit: 100).map(\.number) == Array(4...10))
            #expect(try store.purgeEvents(before: Timestamp(microseconds: 400)) == 6)
            #expect(try store.events(from: 0, limit: 100).map(\.number) == [10])
            #expect(try store.lastEventNumber() == 10)
        }
    }

    @Test func `purging deletes finished tasks with their keys, and their numbers never come again`() throws {
        try withFolder { folder in
            do {
                let store = try SQLiteStore(folder: folder)
                let tasks = (1...20).map { GridTask.sample(UInt64($0), $0 == 5 ? .running : .succeeded, key: "k\($0)") }
                try store.commit(StoreBatch(tasks: tasks))

                let gone = try store.purge(finishedBefore: Timestamp(microseconds: .max), limit: 15)
                #expect(gone.map(\.number) == Array(1...16).filter { $0 != 5 })
                #expect(try store.purge(finishedBefore: Timestamp(microseconds: .max), limit: 15).count == 4)

                #expect(store.counts() == [.running: 1])
                #expect(try store.task(key: "k1") == nil)
                #expect(try store.task(key: "k5") != nil)
                try store.commit(StoreBatch(tasks: [.sample(21, key: "k1")]))
                try store.close()
            }

            let state = try SQLiteStore(folder: folder).load()

            #expect(state.nextTaskNumber > 21)
            #expect(state.tasks.map(\.id.number) == [5, 21])
        }
    }

    @Test func `a number that was set aside is not given out again, though nothing was kept`() throws {
        try withFolder { folder in
            var last: UInt64 = 0
            for _ in 0..<5 {
                let store = try SQLiteStore(folder: folder)
                let next = try store.load().nextTaskNumber
                #expect(next > last)
                last = next + 200_000
                try store.reserveTaskNumbers(next: last)
            }
        }
    }

    @Test func `a node is replaced and deleted by name`() throws {
        try withFolder { folder in
            let store = try SQLiteStore(folder: folder)
            var node = Node(name: NodeName("A")!)
            try store.commit(StoreBatch(nodes: [node, Node(name: NodeName("B")!)]))
            node.schedulability = .draining

            try store.commit(StoreBatch(nodes: [node], deletedNodes: [NodeName("B")!]))

            #expect(try store.load().nodes == [node])
        }
    }

    @Test func `files are for their owner alone`() throws {
        try withFolder { parent in
            let folder = parent + "/deep/store"
            let store = try SQLiteStore(folder: folder)
            try store.commit(StoreBatch(tasks: [.sample(1)]))

            for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                let mode = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.posixPermissions]
                #expect(mode as? NSNumber == 0o600, "\(name)")
            }
            let mode = try FileManager.default.attributesOfItem(atPath: folder)[.posixPermissions]
            #expect(mode as? NSNumber == 0o700)
        }
    }

    @Test func `a closed store says so`() throws {
        try withFolder { folder in
            let store = try SQLiteStore(folder: folder)
            try store.close()

            let write = #expect(throws: StoreError.self) { try store.commit(StoreBatch(tasks: [.sample(1)])) }
            let read = #expect(throws: StoreError.self) { try store.task(TaskID(number: 1)) }

            #expect(write?.code == .closed)
            #expect(read?.code == .closed)
        }
    }
}
