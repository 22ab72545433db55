import GridIdentity
import GridModel
import GridWire

/// Which records a person wants to see.
struct AuditFilter: Sendable {
    var who: String?
    var what: String?
    var isDeniedOnly = false

    func takes(_ record: Noizylab_Grid_AuditRecord) -> Bool {
        if let who, !record.who.contains(who) { return false }
        if let what, !record.what.contains(what), !record.subject.contains(what) { return false }
        return !isDeniedOnly || record.outcome != "OK"
    }
}

/// The audit for people and for programs.
struct AuditListing {
    let records: [Noizylab_Grid_AuditRecord]

    var listing: Listing {
        let columns = [
            Table.Column("NUMBER", .right), Table.Column("AT"), Table.Column("WHO"), Table.Column("FROM"),
            Table.Column("OUTCOME"), Table.Column("TIMES", .right), Table.Column("WHAT"),
        ]
        var table = Table(columns)
        var wide = Table(columns + [Table.Column("TRACE")])
        for record in records {
            let isOK = record.outcome == "OK"
            let outcome = record.reason.isEmpty ? record.outcome : "\(record.outcome) \(record.reason)"
            let cells = [
                Table.Cell("\(record.number)"), Table.Cell(TimeText.iso(microseconds: record.firstAtUs) ?? "-", .quiet),
                Table.Cell(Self.shortName(record.who)), Table.Cell(record.from),
                Table.Cell(outcome, isOK ? .good : .warning), Table.Cell("\(record.count)"),
                Table.Cell(Self.shortMethod(record.what) + (record.subject.isEmpty ? "" : " " + record.subject)),
            ]
            table.add(cells)
            wide.add(cells + [Table.Cell(record.trace, .quiet)])
        }
        return Listing(
            table: table, wide: wide, documents: records.map(Self.document), names: records.map { "\($0.number)" })
    }

    static func document(_ record: Noizylab_Grid_AuditRecord) -> JSONValue {
        .object([
            "number": JSONValue(record.number), "at": JSONValue(TimeText.iso(microseconds: record.firstAtUs)),
            "last_at": JSONValue(TimeText.iso(microseconds: record.lastAtUs)), "count": JSONValue(record.count),
            "who": .string(record.who), "from": .string(record.from), "what": .string(record.what),
            "subject": .string(record.subject), "outcome": .string(record.outcome), "reason": .string(record.reason),
            "trace": .string(record.trace), "hash": .string(Hexadecimal.encode(record.hash)),
        ])
    }

    /// `operator/anna` of `spiffe://NOIZYLAB/operator/anna`.
    private static func shortName(_ who: String) -> String {
        guard who.hasPrefix("spiffe://") else { return who }
        return who.split(separator: "/").dropFirst(2).joined(separator: "/")
    }

    private static func shortMethod(_ what: String) -> String {
        what.hasPrefix("noizylab.grid.") ? String(what.dropFirst("noizylab.grid.".count)) : what
    }
}

/// The chain as it comes in pages, checked as it comes.
struct AuditCheck {
    private(set) var count = 0
    private var noted: AuditVerifier?
    private var expected: AuditVerifier?
    private let expectedHead: AuditHead?
    /// The coordinator itself found the chain broken when it started.
    private var reported: [String] = []

    init(expected: AuditHead?) { expectedHead = expected }

    var head: AuditHead { noted?.head ?? .beginning }

    mutating func take(_ page: Noizylab_Grid_ReadAuditResponse) {
        if noted == nil {
            let start = page.hasStart ? page.start.model : .beginning
            noted = AuditVerifier(start: start, noted: page.hasNoted ? page.noted.model : nil)
            if let expectedHead { expected = AuditVerifier(start: start, noted: expectedHead) }
        }
        for record in page.records {
            let record = record.model
            count += 1
            noted?.take(record)
            expected?.take(record)
            if record.entry.outcome == "BROKEN" {
                reported.append("record \(record.number) says that it was not as it was left: \(record.entry.subject)")
            }
        }
    }

    /// Everything that is wrong; empty when nothing is.
    mutating func finish() -> [String] {
        var faults = [noted?.finish(), expected?.finish()].compactMap { $0.map { "\($0)" } }
        if faults.count == 2, faults[0] == faults[1] { faults.removeLast() }
        return faults + reported
    }
}

/// The doors of a grid.
struct SurfaceListing {
    let listeners: [Noizylab_Grid_Listener]

    var listing: Listing {
        var table = Table(
            Table.Column("DOOR"), Table.Column("ADDRESS"), Table.Column("PROTECTION"), Table.Column("CALLERS"),
            Table.Column("METHODS", .right))
        var wide = Table(
            Table.Column("DOOR"), Table.Column("ADDRESS"), Table.Column("METHOD"), Table.Column("CLASS"),
            Table.Column("PERMISSION"), Table.Column("ROLES"))
        for listener in listeners {
            let address = Table.Cell(listener.address, listener.isLoopback ? .plain : .warning)
            table.add(
                Table.Cell(listener.name), address, Table.Cell(listener.protection), Table.Cell(listener.callers),
                Table.Cell("\(listener.methods.count)"))
            for method in listener.methods {
                wide.add(
                    Table.Cell(listener.name), address, Table.Cell(method.name), Table.Cell(method.callClass),
                    Table.Cell(method.permission),
                    Table.Cell(method.roles.isEmpty ? "API keys" : method.roles.joined(separator: ", ")))
            }
        }
        return Listing(
            table: table, wide: wide, documents: listeners.map(Self.document), names: listeners.map(\.address))
    }

    static func document(_ listener: Noizylab_Grid_Listener) -> JSONValue {
        .object([
            "name": .string(listener.name), "address": .string(listener.address),
            "loopback": .bool(listener.isLoopback), "protection": .string(listener.protection),
            "callers": .string(listener.callers),
            "methods": .array(
                listener.methods.map { method in
                    .object([
                        "name": .string(method.name), "class": .string(method.callClass),
                        "permission": .string(method.permission),
                        "roles": .array(method.roles.map(JSONValue.string)),
                    ])
                }),
        ])
    }
}
