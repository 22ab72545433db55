import GridModel

/// How much of the stored output is whose. A value, changed under the store's lock: what an attempt takes up is always said
/// whole, so that nothing is counted twice and nothing adds up to a mistake.
struct OutputLedger {
    private struct Entry {
        let owner: String
        var bytes: Int64
    }

    private var attempts: [AttemptRef: Entry] = [:]
    private var owners: [String: Int64] = [:]

    /// Of attempts that are not known to be anybody's: nothing.
    func bytes(of owner: String) -> Int64 { owners[owner, default: 0] }

    /// This attempt's output is `owner`'s; what was said of it before stays.
    mutating func begin(_ ref: AttemptRef, of owner: String) {
        guard attempts[ref] == nil else { return }
        attempts[ref] = Entry(owner: owner, bytes: 0)
    }

    /// What it takes up now. Returns its owner; nil when nobody said whose it is.
    @discardableResult
    mutating func note(_ ref: AttemptRef, bytes: Int64) -> String? {
        guard let index = attempts.index(forKey: ref) else { return nil }
        let owner = attempts.values[index].owner
        owners[owner, default: 0] += bytes - attempts.values[index].bytes
        attempts.values[index].bytes = bytes
        return owner
    }

    /// What an earlier run left of it. An attempt that is written to has said more since.
    mutating func found(_ ref: AttemptRef, of owner: String, bytes: Int64) {
        begin(ref, of: owner)
        if let entry = attempts[ref], entry.bytes < bytes { note(ref, bytes: bytes) }
    }

    func knows(_ ref: AttemptRef) -> Bool { attempts[ref].map { $0.bytes > 0 } ?? false }

    /// It is deleted.
    mutating func forget(_ ref: AttemptRef) {
        guard let entry = attempts.removeValue(forKey: ref) else { return }
        let left = bytes(of: entry.owner) - entry.bytes
        owners[entry.owner] = left > 0 ? left : nil
    }
}
