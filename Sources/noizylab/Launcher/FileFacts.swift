import Foundation

/// The little that is asked of a file before it is opened.
struct FileFacts {
    let size: Int64
    /// Another file under the same name has another one.
    let number: UInt64
    let modified: Date

    /// Nil when it is not there.
    init?(_ path: String) {
        guard let facts = try? FileManager.default.attributesOfItem(atPath: path) else { return nil }
        size = (facts[.size] as? NSNumber)?.int64Value ?? 0
        number = (facts[.systemFileNumber] as? NSNumber)?.uint64Value ?? 0
        modified = facts[.modificationDate] as? Date ?? .distantPast
    }
}
