import GRDB

/// Reads a whole database to see whether it is one, without changing it and beside whoever writes it.
package enum StoreCheck {
    /// What SQLite's `quick_check` says: `ok`, or the first thing that is wrong.
    ///
    /// It reads every page, which takes about a second for a gigabyte that is not in memory; after `limit` it is given
    /// up with an error.
    package static func run(path: String, within limit: Duration) async throws(StoreError) -> String {
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.label = "store-check"
            configuration.busyMode = .timeout(2)
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            return try await withThrowingTaskGroup(of: String?.self) { group in
                defer { group.cancelAll() }
                group.addTask {
                    // Cancellation interrupts it.
                    try await queue.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") ?? "no answer" }
                }
                group.addTask {
                    try await Task.sleep(for: limit)
                    return nil
                }
                guard let first = try await group.next() ?? nil else {
                    throw StoreError(.inputOutput, "reading it took longer than \(limit.components.seconds) s")
                }
                return first
            }
        } catch let error as StoreError {
            throw error
        } catch let error as DatabaseError where [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode) {
            return error.message ?? "\(error.resultCode)"
        } catch {
            throw StoreError("could not read the store \(path)", error)
        }
    }
}
