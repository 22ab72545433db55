import Foundation
import GridIdentity
import GridModel
import GridWire

/// Certificates as tables and documents.
struct CertificateListing {
    private let response: Noizylab_Grid_ListCertificatesResponse

    init(_ response: Noizylab_Grid_ListCertificatesResponse) { self.response = response }

    var listing: Listing {
        Listing(
            table: table, wide: wide, documents: response.certificates.map(document),
            names: response.certificates.map(\.serial))
    }

    private var table: Table {
        var table = Table(
            .init("NAME"), .init("ROLE"), .init("STATE"), .init("LEFT", .right), .init("SEEN"), .init("SERIAL"))
        for one in response.certificates {
            table.add(
                .init(one.name), .init(one.role), .init(one.state, Self.tone(one.state)), .init(left(one)),
                .init(seen(one)),
                .init(String(one.serial.prefix(12))))
        }
        return table
    }

    private var wide: Table {
        var table = Table(
            .init("NAME"), .init("ROLE"), .init("STATE"), .init("LEFT", .right), .init("SEEN"), .init("SERIAL"),
            .init("KEY"), .init("AUTHORITY"), .init("ISSUED"), .init("BY"), .init("REVOKED"))
        for one in response.certificates {
            let revoked =
                one.revokedAtUs == 0 ? "-" : "by \(one.revokedBy)" + (one.reason.isEmpty ? "" : ": \(one.reason)")
            table.add(
                .init(one.name), .init(one.role), .init(one.state, Self.tone(one.state)), .init(left(one)),
                .init(seen(one)),
                .init(one.serial), .init(Hexadecimal.encode(one.keyHash.prefix(8))),
                .init(one.authority, one.authority == "current" ? .plain : .warning),
                .init(TimeText.relative(microseconds: one.issuedAtUs, now: response.nowUs)), .init(one.issuedBy),
                .init(revoked))
        }
        return table
    }

    private func left(_ one: Noizylab_Grid_CertificateInfo) -> String {
        let left = (one.notAfterUs - response.nowUs) / 1_000
        return left <= 0 ? "-" : TimeText.rough(milliseconds: left)
    }

    private func seen(_ one: Noizylab_Grid_CertificateInfo) -> String {
        one.lastSeenUs == 0 ? "never" : TimeText.relative(microseconds: one.lastSeenUs, now: response.nowUs)
    }

    private static func tone(_ state: String) -> Tone {
        switch state {
        case "valid": .good
        case "renewing": .warning
        case "revoked", "expired", "retired": .bad
        default: .quiet
        }
    }

    private func document(_ one: Noizylab_Grid_CertificateInfo) -> JSONValue {
        .object([
            "serial": .string(one.serial), "name": .string(one.name), "role": .string(one.role),
            "state": .string(one.state),
            "days_left": .double(Double(max(0, one.notAfterUs - response.nowUs) / 86_400_000) / 1_000),
            "key_hash": .string(Hexadecimal.encode(one.keyHash)), "authority": .string(one.authority),
            "issued_at": JSONValue(TimeText.iso(microseconds: one.issuedAtUs)),
            "not_after": JSONValue(TimeText.iso(microseconds: one.notAfterUs)), "issued_by": .string(one.issuedBy),
            "last_seen": JSONValue(TimeText.iso(microseconds: one.lastSeenUs)),
            "revoked_at": JSONValue(TimeText.iso(microseconds: one.revokedAtUs)),
            "revoked_by": one.revokedBy.isEmpty ? .null : .string(one.revokedBy),
            "reason": one.reason.isEmpty ? .null : .string(one.reason),
        ])
    }

    var authorityText: String { Self.text(of: response.authority) }

    static func text(of authority: Noizylab_Grid_AuthorityInfo) -> String {
        let pins = authority.trust.pins.map { Hexadecimal.encode($0.prefix(6)) }.joined(separator: " ")
        let rest =
            authority.phase == "steady"
            ? "" : ", overlapping: \(authority.outstanding) certificates of the one before are in use"
        return "authority \(authority.generation) signs\(rest); believed: \(pins)"
    }

    /// `29 days`, `3 hours`.
    static func days(until end: Date) -> String {
        let seconds = Int(max(0, end.timeIntervalSinceNow))
        return switch seconds {
        case 172_800...: "\(seconds / 86_400) days"
        case 7_200...: "\(seconds / 3_600) hours"
        default: "\(seconds) seconds"
        }
    }
}
