import GridIdentity
import GridModel

/// Reading the audit.
extension GridOperations {
    /// Some records of the audit, in order.
    struct AuditPage: Sendable {
        /// With the first page alone.
        var bounds: (start: AuditHead, noted: AuditHead?)?
        var records: [AuditRecord]
    }

    /// From number `first` on, or from the newest `last` when `first` is 0; with both 0 from where the kept part begins.
    func readAudit(
        _ caller: Caller, from first: UInt64, last: Int, _ emit: @Sendable (AuditPage) async throws -> Void
    ) async throws {
        try authorise(caller, .readAudit)
        guard let audit = gateway.audit else { throw OperationError.failed("This coordinator keeps no audit.") }
        let bounds = try await audit.bounds()
        let newest = bounds.noted?.number ?? bounds.start.number
        var start = bounds.start
        var next = max(first, start.number + 1)
        if first == 0, last > 0 { next = max(next, newest - min(newest, UInt64(last)) + 1) }
        if next > start.number + 1, let before = try await audit.records(from: next - 1, limit: 1).first {
            start = AuditHead(number: before.number, hash: before.hash)
        }
        // Those that ask for a part alone check that part: the noted head belongs to the whole.
        var page = AuditPage(bounds: (start, bounds.noted), records: [])
        while true {
            page.records = try await audit.records(from: next, limit: 500)
            if page.records.isEmpty, page.bounds == nil { return }
            try await emit(page)
            guard let newest = page.records.last else { return }
            page.bounds = nil
            next = newest.number + 1
        }
    }
}
