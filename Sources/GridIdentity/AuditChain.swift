import Crypto
package import GridModel

/// The hash chain of the audit: each record's hash covers the one before it, so none can be changed, taken out or put in
/// without all that follow.
package enum AuditChain {
    package static func seal(_ entry: AuditEntry, after head: AuditHead) -> AuditRecord {
        let number = head.number + 1
        return AuditRecord(number: number, entry: entry, hash: hash(number, entry, after: head.hash))
    }

    static func hash(_ number: UInt64, _ entry: AuditEntry, after previous: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: previous)
        hash.update(data: AuditRecord.chainBytes(number: number, entry))
        return Array(hash.finalize())
    }
}

/// Reads a chain from its beginning and says where it breaks, if it does. Fed in order.
package struct AuditVerifier: Sendable {
    /// Where a chain breaks.
    package enum Fault: Sendable, Hashable, CustomStringConvertible {
        /// Records are missing between these numbers.
        case gap(after: UInt64, next: UInt64)
        /// What this record says is not what was sealed.
        case altered(UInt64)
        /// The newest were cut off: the chain had gone on to this number.
        case cutOff(at: UInt64, noted: UInt64)
        /// The record at this number is not the one that was noted as the head.
        case otherHead(UInt64)
        /// The kept part begins behind the record that was noted as the head: whether it was in it cannot be told.
        case headNotKept(UInt64, start: UInt64)

        package var description: String {
            switch self {
            case .gap(let last, let next):
                next > last
                    ? "records \(last + 1) to \(next - 1) are missing" : "record \(next) stands behind record \(last)"
            case .altered(let number): "record \(number) is not as it was written, or one before it"
            case .cutOff(let last, let noted):
                "it ends at record \(last), but had gone on to \(noted): the end was cut off"
            case .otherHead(let number): "record \(number) is not the one that was noted as the newest"
            case .headNotKept(let number, let start):
                "record \(number), which was noted as the newest, is no longer kept: it begins behind record \(start)"
            }
        }
    }

    package private(set) var head: AuditHead
    package private(set) var fault: Fault?
    /// The hash at the noted head's number, once it came by.
    private var passed: [UInt8]?
    private let noted: AuditHead?
    private let start: UInt64

    /// `start`: behind which record it begins. `noted`: a head that the chain must hold.
    package init(start: AuditHead, noted: AuditHead?) {
        head = start
        self.start = start.number
        self.noted = noted
        if let noted, noted.number == start.number { passed = start.hash }
    }

    package mutating func take(_ record: AuditRecord) {
        guard fault == nil else { return }
        // Whoever sends the numbers may send any.
        guard record.number > head.number, record.number - head.number == 1 else {
            fault = .gap(after: head.number, next: record.number)
            return
        }
        guard AuditChain.hash(record.number, record.entry, after: head.hash) == record.hash else {
            fault = .altered(record.number)
            return
        }
        head = AuditHead(number: record.number, hash: record.hash)
        if record.number == noted?.number { passed = record.hash }
    }

    /// After the last record.
    package mutating func finish() -> Fault? {
        guard fault == nil, let noted else { return fault }
        if noted.number > head.number {
            fault = .cutOff(at: head.number, noted: noted.number)
        } else if let passed {
            if passed != noted.hash { fault = .otherHead(noted.number) }
        } else {
            fault = .headNotKept(noted.number, start: start)
        }
        return fault
    }
}
