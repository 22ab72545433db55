/// The numbers a task store works by.
package struct StoreSettings: Sendable {
    /// Connections for queries, beside the one that writes. Each has a cache of its own.
    package var readerCount = 3
    /// Pages kept in memory, in bytes: the writer's, and each reader's.
    package var writerCacheBytes: Int64 = 24 << 20
    package var readerCacheBytes: Int64 = 4 << 20
    /// The write-ahead log is folded into the database when it has grown by this much: the commit that does it waits
    /// some 10 ms, with 16 MiB twice as long, and the throughput is the same.
    package var logBytes: Int64 = 4 << 20
    /// At open, a database up to the first size is checked in full (indexes against tables), one up to the second
    /// page by page, and a larger one only as it is read: at some 300 MB/s a check must not hold up a start.
    package var fullCheckBytes: Int64 = 32 << 20
    package var quickCheckBytes: Int64 = 256 << 20
    /// The database may not grow beyond this, as if the disk were full; nil leaves it to the disk.
    package var maximumBytes: Int64?

    package init() {}
}
