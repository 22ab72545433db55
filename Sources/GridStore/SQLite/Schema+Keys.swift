extension Schema {
    /// Lists are separated by commas, which stand in no name. One living key has a name; the revoked may share it.
    static let apiKeys = """
        CREATE TABLE api_key (
            id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 16),
            salt BLOB NOT NULL CHECK (length(salt) = 16),
            code BLOB NOT NULL CHECK (length(code) = 32),
            name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 63),
            role TEXT NOT NULL CHECK (role IN ('viewer', 'submitter', 'operator')),
            permissions TEXT NOT NULL,
            nodes TEXT NOT NULL,
            types TEXT NOT NULL,
            rate TEXT,
            created_at INTEGER NOT NULL,
            created_by TEXT NOT NULL,
            expires_at INTEGER NOT NULL,
            revoked_at INTEGER,
            last_used_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX api_key_by_name ON api_key (name) WHERE revoked_at IS NULL;
        """
}
