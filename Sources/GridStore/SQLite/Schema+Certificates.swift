extension Schema {
    /// Every certificate that was issued or seen, and every key that is believed no more, for as long as it could matter.
    /// A token may demand that an operator confirms the machine.
    static let certificates = """
        CREATE TABLE certificate (
            serial TEXT NOT NULL PRIMARY KEY CHECK (length(serial) BETWEEN 1 AND 64),
            identity TEXT NOT NULL CHECK (length(identity) > 0),
            key_hash BLOB NOT NULL CHECK (length(key_hash) = 32),
            issuer BLOB NOT NULL CHECK (length(issuer) <= 64),
            issued_at INTEGER NOT NULL,
            not_after INTEGER NOT NULL CHECK (not_after > issued_at),
            issued_by TEXT NOT NULL,
            last_seen INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX certificate_by_key ON certificate (key_hash);
        CREATE INDEX certificate_by_end ON certificate (not_after);

        CREATE TABLE revocation (
            key_hash BLOB NOT NULL PRIMARY KEY CHECK (length(key_hash) = 32),
            identity TEXT NOT NULL,
            at INTEGER NOT NULL,
            revoked_by TEXT NOT NULL,
            reason TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        ALTER TABLE token ADD COLUMN needs_confirmation INTEGER NOT NULL DEFAULT 0
            CHECK (needs_confirmation IN (0, 1));
        """
}
