import GRDB

/// Opens the database of a store: makes it when it is missing, and refuses one that is damaged, foreign or newer.
struct StoreOpening {
    let path: String
    let settings: StoreSettings

    func open() throws(StoreError) -> DatabasePool {
        do {
            try createIfMissing()
            let pool = try DatabasePool(path: path, configuration: configuration)
            try pool.writeWithoutTransaction { database in
                try refuseForeignOrNewer(database)
                try check(database)
                // The pool sets NORMAL when it turns the log on. FULL: a commit that returned survives a power cut.
                try database.execute(sql: "PRAGMA synchronous = FULL")
                try database.execute(sql: "PRAGMA wal_autocheckpoint = \(max(1, settings.logBytes / 4096))")
                try database.execute(sql: "PRAGMA journal_size_limit = \(settings.logBytes)")
                if let most = settings.maximumBytes {
                    try database.execute(sql: "PRAGMA max_page_count = \(max(1, most / 4096))")
                }
            }
            try Schema.migrator.migrate(pool)
            return pool
        } catch let error as SystemFailure {
            throw StoreError("could not open the store \(path)", error)
        } catch {
            throw StoreError("could not open the store \(path)", error)
        }
    }

    private var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "grid-store"
        configuration.maximumReaderCount = settings.readerCount
        configuration.persistentReadOnlyConnections = true
        configuration.busyMode = .timeout(5)
        let (writerCache, readerCache) = (settings.writerCacheBytes / 1024, settings.readerCacheBytes / 1024)
        configuration.prepareDatabase { database in
            let cache = database.configuration.readonly ? readerCache : writerCache
            try database.execute(sql: "PRAGMA cache_size = -\(cache)")
            try database.execute(sql: "PRAGMA temp_store = MEMORY")
            // Cells are checked against their pages before they are used: a damaged page is an error, never a wild read.
            try database.execute(sql: "PRAGMA cell_size_check = ON")
            #if canImport(Darwin)
                try database.execute(sql: "PRAGMA fullfsync = ON")
                try database.execute(sql: "PRAGMA checkpoint_fullfsync = ON")
            #endif
        }
        return configuration
    }

    /// A new database is made under another name and renamed when it is whole, so that an empty file in its place can
    /// only be a damaged one, and never starts an empty grid in silence.
    private func createIfMissing() throws {
        if let status = try SystemCalls.status(path) {
            if status.size == 0 { throw StoreError(corrupt: "the store \(path) is an empty file") }
            return
        }
        if let log = try SystemCalls.status(path + "-wal"), log.size > 0 {
            throw StoreError(corrupt: "the store \(path) is missing, but its log \(path)-wal is there")
        }
        let draft = path + ".new"
        for suffix in ["", "-journal", "-wal", "-shm"] { try SystemCalls.remove(draft + suffix) }
        SystemCalls.close(try SystemCalls.open(draft, .create))
        let queue = try DatabaseQueue(path: draft)
        try Schema.migrator.migrate(queue)
        try queue.close()
        try SystemCalls.rename(draft, to: path)
    }

    private func refuseForeignOrNewer(_ database: Database) throws {
        let id = try Int64.fetchOne(database, sql: "PRAGMA application_id")
        guard id == Schema.applicationID else {
            throw StoreError(
                .corrupt,
                "the file \(path) is a database, but not a NOIZYLAB task store: move it away, or choose another folder")
        }
        guard try !Schema.migrator.hasBeenSuperseded(database) else {
            throw StoreError(
                .newerVersion,
                "the store \(path) was made by a newer version of noizylab, which this one cannot read: install that "
                    + "version again, or choose another folder")
        }
    }

    private func check(_ database: Database) throws {
        let pages = try Int64.fetchOne(database, sql: "PRAGMA page_count") ?? 0
        let size = pages * (try Int64.fetchOne(database, sql: "PRAGMA page_size") ?? 4096)
        guard size <= settings.quickCheckBytes else { return }
        let pragma = size <= settings.fullCheckBytes ? "integrity_check" : "quick_check"
        let finding = try String.fetchOne(database, sql: "PRAGMA \(pragma)(1)")
        if finding != "ok" {
            throw StoreError(corrupt: "the store \(path) failed its check (\(finding ?? "no answer"))")
        }
    }
}
