import GRDB

/// The tables. A migration that was released is never edited; another is added.
enum Schema {
    /// "NZLB": tells our databases from other programs'.
    static let applicationID: Int64 = 0x4E5A_4C42

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 tasks, nodes, events, tokens") { database in
            try database.execute(sql: first)
            try database.execute(sql: "PRAGMA application_id = \(applicationID)")
        }
        migrator.registerMigration("2 blocks of living tasks") { try $0.execute(sql: taskBlocks) }
        migrator.registerMigration("API keys") { try $0.execute(sql: apiKeys) }
        migrator.registerMigration("certificates") { try $0.execute(sql: certificates) }
        return migrator
    }

    /// `record` is a serialized message of noizylab_store.proto; `checksum` is its XXH64, seeded with the row's other
    /// columns. Ids ascend, so tasks and events are appended. States below 3 live. Every index costs each save about
    /// what the row itself does, so there are two: one finds the living and serves every list, one the oldest ends.
    private static let first = """
        CREATE TABLE task (
            id INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 1099511627775),
            state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 7),
            node TEXT CHECK (length(node) BETWEEN 1 AND 63),
            finished_at INTEGER,
            checksum INTEGER NOT NULL,
            record BLOB NOT NULL,
            CHECK ((state >= 3) = (finished_at IS NOT NULL))
        ) STRICT;
        CREATE INDEX task_by_state ON task (state, node);
        CREATE INDEX task_by_end ON task (finished_at) WHERE finished_at IS NOT NULL;

        CREATE TABLE task_key (
            key TEXT NOT NULL PRIMARY KEY CHECK (length(key) > 0),
            task INTEGER NOT NULL UNIQUE REFERENCES task (id) ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE node (
            name TEXT NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 63),
            checksum INTEGER NOT NULL,
            record BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE event_block (
            first INTEGER PRIMARY KEY CHECK (first > 0),
            last INTEGER NOT NULL CHECK (last >= first),
            at INTEGER NOT NULL,
            checksum INTEGER NOT NULL,
            block BLOB NOT NULL
        ) STRICT;

        CREATE TABLE token (
            hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) BETWEEN 16 AND 64),
            name TEXT CHECK (length(name) BETWEEN 1 AND 63),
            expires INTEGER NOT NULL,
            used_at INTEGER,
            used_by TEXT,
            CHECK ((used_at IS NULL) = (used_by IS NULL))
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE reservation (
            what TEXT NOT NULL PRIMARY KEY CHECK (what = 'task numbers'),
            below INTEGER NOT NULL CHECK (below > 0)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO reservation (what, below) VALUES ('task numbers', 1);
        """

    /// Tasks that were accepted a moment ago and have no row yet; see `TaskBlock`.
    private static let taskBlocks = """
        CREATE TABLE task_block (
            number INTEGER PRIMARY KEY CHECK (number > 0),
            checksum INTEGER NOT NULL,
            block BLOB NOT NULL
        ) STRICT;
        """
}
