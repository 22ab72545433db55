import Foundation
import GRDB
import GridModel
import GridStore
import Testing

@Suite struct AuditStoreTests {
    private static func records(_ numbers: ClosedRange<UInt64>) -> [AuditRecord] {
        numbers.map { number in
            AuditRecord(
                number: number,
                entry: AuditEntry(
                    who: "ann", from: "10.0.0.1", what: "Admin/CreateToken", subject: "node=\(number)", outcome: "OK",
                    reason: "", trace: "t", at: Timestamp(microseconds: Int64(number) * 1_000_000), count: 3),
                hash: [UInt8](repeating: UInt8(number % 251), count: 32))
        }
    }

    private static func withFolder(_ body: (String) throws -> Void) throws {
        let folder = NSTemporaryDirectory() + "audit-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test func `what was added is there after a restart, in order`() throws {
        try Self.withFolder { folder in
            let store = try AuditStore(folder: folder)
            #expect(try store.head() == .beginning)
            #expect(try store.notedHead() == nil)
            try store.append(Self.records(1...10))
            try store.append(Self.records(11...12))
            try store.close()

            let again = try AuditStore(folder: folder)
            #expect(try again.records(from: 0, limit: 100) == Self.records(1...12))
            #expect(try again.records(from: 5, limit: 2) == Self.records(5...6))
            #expect(try again.records(from: .max, limit: 2).isEmpty)
            #expect(try again.records(from: 1 << 63, limit: 2).isEmpty)
            let head = AuditHead(number: 12, hash: [UInt8](repeating: 12, count: 32))
            #expect(try again.head() == head)
            #expect(try again.notedHead() == head)
            #expect(try again.start() == .beginning)
            try again.close()
        }
    }

    @Test func `it only goes on where it ended`() throws {
        try Self.withFolder { folder in
            let store = try AuditStore(folder: folder)
            try store.append(Self.records(1...3))

            #expect(throws: StoreError.self) { try store.append(Self.records(3...3)) }
            #expect(throws: StoreError.self) { try store.append(Self.records(5...6)) }
            #expect(throws: StoreError.self) { try store.append(Self.records(4...5) + Self.records(5...5)) }
            #expect(try store.records(from: 0, limit: 100).count == 3)
            try store.append(Self.records(4...4))
            try store.close()
        }
    }

    @Test func `nothing in it can be changed or taken out by a statement`() throws {
        try Self.withFolder { folder in
            let store = try AuditStore(folder: folder)
            try store.append(Self.records(1...3))
            try store.close()
            let queue = try DatabaseQueue(path: folder + "/audit.sqlite")

            #expect(throws: DatabaseError.self) {
                try queue.write { try $0.execute(sql: "UPDATE audit SET who = 'eve'") }
            }
            #expect(throws: DatabaseError.self) { try queue.write { try $0.execute(sql: "DELETE FROM audit") } }
            try queue.close()
        }
    }

    @Test func `only its beginning goes, by age and by number, and the chain knows where it now begins`() throws {
        try Self.withFolder { folder in
            let store = try AuditStore(folder: folder)
            try store.append(Self.records(1...20))

            #expect(try store.purge(before: Timestamp(microseconds: 5_500_000), keep: 100) == 5)
            #expect(try store.start() == AuditHead(number: 5, hash: [UInt8](repeating: 5, count: 32)))
            #expect(try store.purge(before: Timestamp(microseconds: 0), keep: 10) == 5)
            #expect(try store.records(from: 0, limit: 100).first?.number == 11)
            // The newest one stays, whatever its age.
            #expect(try store.purge(before: Timestamp(microseconds: .max), keep: 100) == 9)
            #expect(try store.records(from: 0, limit: 100).map(\.number) == [20])
            try store.append(Self.records(21...21))
            #expect(try store.start().number == 19)
            try store.close()
        }
    }

    @Test func `an empty one loses nothing`() throws {
        try Self.withFolder { folder in
            let store = try AuditStore(folder: folder)
            #expect(try store.purge(before: Timestamp(microseconds: .max), keep: 0) == 0)
            try store.close()
        }
    }
}
