/// One fact for the audit: who did what, from where, and how it ended. Of what repeats, one entry stands for many.
package struct AuditEntry: Sendable, Hashable {
    /// The certificate's URI, the key's id, or `stranger`.
    package var who: String
    /// The address, without a port.
    package var from: String
    /// `noizylab.grid.Admin/CreateToken`.
    package var what: String
    /// What it was about: `node=Mac-Pro`. Never a secret.
    package var subject: String
    /// `OK`, or the canonical code.
    package var outcome: String
    /// The refusal's stable reason; empty when there is none.
    package var reason: String
    /// 32 hexadecimal digits: of the first of them.
    package var trace: String
    package var firstAt: Timestamp
    package var lastAt: Timestamp
    /// How many this entry stands for.
    package var count: Int64

    package init(
        who: String, from: String, what: String, subject: String = "", outcome: String, reason: String = "",
        trace: String = "", at: Timestamp, count: Int64 = 1
    ) {
        self.who = who
        self.from = from
        self.what = what
        self.subject = subject
        self.outcome = outcome
        self.reason = reason
        self.trace = trace
        firstAt = at
        lastAt = at
        self.count = count
    }

    /// What a repetition has in common with the first.
    package struct Kind: Sendable, Hashable {
        let who: String
        let from: String
        let what: String
        let outcome: String
        let reason: String
    }

    package var kind: Kind { Kind(who: who, from: from, what: what, outcome: outcome, reason: reason) }
}

/// An entry in its place in the chain.
package struct AuditRecord: Sendable, Hashable {
    /// From 1, without gaps.
    package let number: UInt64
    package let entry: AuditEntry
    /// SHA-256 over the hash of the record before it and this one's `chainBytes`.
    package let hash: [UInt8]

    package init(number: UInt64, entry: AuditEntry, hash: [UInt8]) {
        self.number = number
        self.entry = entry
        self.hash = hash
    }

    /// The one way in which an entry is written for its hash: numbers as 8 bytes, texts behind their length in 4, the
    /// most significant byte first. No two entries are written alike.
    package static func chainBytes(number: UInt64, _ entry: AuditEntry) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        for value in [
            number, UInt64(bitPattern: entry.firstAt.microseconds), UInt64(bitPattern: entry.lastAt.microseconds),
            UInt64(bitPattern: entry.count),
        ] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: value >> shift))
            }
        }
        for text in [
            entry.who, entry.from, entry.what, entry.subject, entry.outcome, entry.reason, entry.trace,
        ] {
            let count = UInt32(text.utf8.count)
            for shift in stride(from: 24, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: count >> shift))
            }
            bytes.append(contentsOf: text.utf8)
        }
        return bytes
    }
}

/// Where the chain stood: a record's number and hash. Kept apart from the records, it shows when the newest were cut off.
package struct AuditHead: Sendable, Hashable {
    package let number: UInt64
    package let hash: [UInt8]

    package init(number: UInt64, hash: [UInt8]) {
        self.number = number
        self.hash = hash
    }

    /// Before the first record.
    package static let beginning = AuditHead(number: 0, hash: [UInt8](repeating: 0, count: 32))
}
