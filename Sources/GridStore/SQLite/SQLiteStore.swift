import Foundation
import GRDB
import GridModel
import GridWire
import SwiftProtobuf
import Synchronization

/// Keeps tasks, nodes, events and enrolment tokens in one SQLite database of its own folder.
///
/// One connection writes, synchronously, on the thread that asks (the grid loop's); others read beside it and never
/// make it wait. What `commit` returned from survives a power cut: the log is synchronized with every transaction.
/// Owned by the coordinator; a second process is refused.
package final class SQLiteStore: Sendable {
    let pool: DatabasePool
    let path: String
    /// Moved only by the writer, inside its transaction's queue.
    let ledger: Mutex<StateLedger>
    /// Task numbers below this may have been given out.
    let reservedBelow: Mutex<UInt64>
    /// Held from a transaction's beginning until the ledger knows of it.
    let writing = Mutex(())
    private let lock: FolderLock

    package init(folder: String, settings: StoreSettings = StoreSettings()) throws(StoreError) {
        do throws(SystemFailure) {
            try SystemCalls.makeFolder(folder)
        } catch {
            throw StoreError("could not make the store's folder \(folder)", error)
        }
        lock = try FolderLock.take(folder: folder, what: "task store")
        path = folder + "/grid.sqlite"
        pool = try StoreOpening(path: path, settings: settings).open()
        do {
            let (ledger, reserved) = try pool.read(Self.survey)
            self.ledger = Mutex(ledger)
            reservedBelow = Mutex(reserved)
        } catch {
            throw Self.failure("read the store", path, error)
        }
    }

    /// Folds the log into the database and closes it. What is asked later is refused.
    package func close() throws(StoreError) {
        do {
            // The readers close last, and they cannot do it.
            try pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
            try pool.close()
            lock.release()
        } catch { throw StoreError("could not close the store \(path)", error) }
    }

    private static func survey(_ database: Database) throws -> (StateLedger, reserved: UInt64) {
        var ledger = StateLedger()
        let living = try Row.fetchCursor(database, sql: "SELECT id, state FROM task WHERE state < 3")
        while let row = try living.next() {
            guard let state = TaskState(code: row[1]) else { continue }
            ledger.apply(.init(id: TaskID(number: row[0]), from: nil, to: state))
        }
        let finished = try Row.fetchCursor(
            database, sql: "SELECT state, count(*) FROM task WHERE state >= 3 GROUP BY state")
        while let row = try finished.next() {
            guard let state = TaskState(code: row[0]) else { continue }
            ledger.add(finished: state, count: row[1])
        }
        ledger.noteNewest(try UInt64.fetchOne(database, sql: "SELECT max(id) FROM task") ?? 0)
        let hasRow = try database.cachedStatement(sql: "SELECT 1 FROM task WHERE id = ?")
        let blocks = try Row.fetchCursor(
            database, sql: "SELECT number, checksum, block FROM task_block ORDER BY number")
        while let row = try blocks.next() {
            let number: Int64 = row[0]
            let block: Data = row[2]
            guard RecordCheck.checksum(block, id: number) == row[1] else {
                throw RecordCheck.Mismatch(what: "block \(number) of living tasks")
            }
            let tasks = try TaskBlock.tasks(in: block)
            ledger.add(
                number, try tasks.filter { try Int64.fetchOne(hasRow, arguments: [$0.id.number]) == nil })
        }
        return (ledger, try UInt64.fetchOne(database, sql: "SELECT below FROM reservation") ?? 1)
    }

    /// Reads beside the writer, from one state of the store; `tried` begins the sentence if it fails.
    func read<Result>(
        _ tried: @autoclosure () -> String, _ body: (Database) throws -> Result
    ) throws(StoreError) -> Result {
        do { return try pool.read(body) } catch { throw Self.failure(tried(), path, error) }
    }

    /// As `read` for a single statement, which needs no transaction around it and takes half as long without.
    func readOne<Result>(
        _ tried: @autoclosure () -> String, _ body: (Database) throws -> Result
    ) throws(StoreError) -> Result {
        do { return try pool.unsafeRead(body) } catch { throw Self.failure(tried(), path, error) }
    }

    /// One transaction of the writer.
    func write<Result>(
        _ tried: @autoclosure () -> String, _ body: (Database) throws -> Result
    ) throws(StoreError) -> Result {
        do { return try pool.write(body) } catch { throw Self.failure(tried(), path, error) }
    }

    private static func failure(_ tried: String, _ path: String, _ error: any Error) -> StoreError {
        if error is RecordCheck.Mismatch || error is WireError || error is SwiftProtobufError
            || error is BinaryDecodingError
        {
            return StoreError(corrupt: "could not \(tried) in \(path)", cause: error)
        }
        return StoreError("could not \(tried) in \(path)", error)
    }
}
