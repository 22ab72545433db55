/// The numbers an output store works by.
package struct OutputSettings: Sendable {
    /// Bytes kept of each stream, from its beginning, when the task does not say.
    package var limitBytes: Int64 = 64 << 20
    /// Bytes kept of each stream's end beyond that.
    package var tailBytes: Int64 = 1 << 20
    /// Bytes of output that one owner may have on disk before only the ends of its attempts are kept; 0: no limit.
    package var ownerLimitBytes: Int64 = 10 << 30
    /// Files held open at most; more are opened again when they are needed.
    package var openFiles = 256
    /// Ended attempts held in memory at most, for those who are still reading them.
    package var recentAttempts = 1_024

    package init() {}
}
