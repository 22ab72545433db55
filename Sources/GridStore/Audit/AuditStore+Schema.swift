import GRDB

/// The audit's tables. A migration that was released is never edited; another is added.
extension AuditStore {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 audit") { try $0.execute(sql: first) }
        return migrator
    }

    static let insert = """
        INSERT INTO audit (number, first_at, last_at, count, who, origin, what, subject, outcome, reason, trace, hash)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    /// The triggers keep our own mistakes out; against somebody who may write the file there is the chain.
    private static let first = """
        CREATE TABLE audit (
            number INTEGER PRIMARY KEY CHECK (number > 0),
            first_at INTEGER NOT NULL,
            last_at INTEGER NOT NULL,
            count INTEGER NOT NULL CHECK (count > 0),
            who TEXT NOT NULL,
            origin TEXT NOT NULL,
            what TEXT NOT NULL,
            subject TEXT NOT NULL,
            outcome TEXT NOT NULL,
            reason TEXT NOT NULL,
            trace TEXT NOT NULL,
            hash BLOB NOT NULL CHECK (length(hash) = 32)
        ) STRICT;

        CREATE TABLE audit_start (
            number INTEGER NOT NULL CHECK (number >= 0),
            hash BLOB NOT NULL CHECK (length(hash) = 32)
        ) STRICT;
        INSERT INTO audit_start (number, hash) VALUES (0, zeroblob(32));

        CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
        CREATE TRIGGER audit_goes_on_without_gap BEFORE INSERT ON audit
        WHEN new.number <> 1 + coalesce((SELECT max(number) FROM audit), (SELECT number FROM audit_start))
        BEGIN SELECT RAISE(ABORT, 'the audit goes on where it ended'); END;
        CREATE TRIGGER audit_loses_its_beginning_only BEFORE DELETE ON audit
        WHEN old.number > (SELECT number FROM audit_start)
        BEGIN SELECT RAISE(ABORT, 'only the purged beginning may go'); END;
        """
}
