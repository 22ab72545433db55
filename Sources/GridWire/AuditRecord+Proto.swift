import Foundation
package import GridModel

extension Noizylab_Grid_AuditHead {
    package init(_ head: AuditHead) {
        self.init()
        number = head.number
        hash = Data(head.hash)
    }

    package var model: AuditHead { AuditHead(number: number, hash: Array(hash)) }
}

extension Noizylab_Grid_AuditRecord {
    package init(_ record: AuditRecord) {
        self.init()
        let entry = record.entry
        number = record.number
        firstAtUs = entry.firstAt.microseconds
        lastAtUs = entry.lastAt.microseconds
        count = entry.count
        who = entry.who
        from = entry.from
        what = entry.what
        subject = entry.subject
        outcome = entry.outcome
        reason = entry.reason
        trace = entry.trace
        hash = Data(record.hash)
    }

    package var model: AuditRecord {
        var entry = AuditEntry(
            who: who, from: from, what: what, subject: subject, outcome: outcome, reason: reason, trace: trace,
            at: Timestamp(microseconds: firstAtUs), count: count)
        entry.lastAt = Timestamp(microseconds: lastAtUs)
        return AuditRecord(number: number, entry: entry, hash: Array(hash))
    }
}
