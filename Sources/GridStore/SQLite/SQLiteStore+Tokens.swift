import Foundation
import GRDB
package import GridModel

/// A right to join the grid once, as kept: its secret only as a hash.
package struct StoredToken: Sendable, Hashable {
    package let hash: [UInt8]
    /// The one node it is for; nil for any.
    package let name: NodeName?
    package let expires: Timestamp
    /// The machine comes in only when an operator has compared its fingerprint.
    package let needsConfirmation: Bool

    package init(hash: [UInt8], name: NodeName?, expires: Timestamp, needsConfirmation: Bool = false) {
        self.hash = hash
        self.name = name
        self.expires = expires
        self.needsConfirmation = needsConfirmation
    }
}

/// What became of trying to use a token.
package enum TokenOutcome: Sendable, Hashable {
    /// It is used up now; nobody else got or gets this answer.
    case accepted
    case unknown
    case expired(Timestamp)
    case used(at: Timestamp, by: String)
    /// It is for this node, and still unused.
    case wrongName(NodeName)
    /// It demands an operator's confirmation, which this use did not have, and is still unused.
    case unconfirmed
}

extension SQLiteStore {
    package func saveToken(_ token: StoredToken) throws(StoreError) {
        try write("keep an enrolment token") { database in
            try database.execute(
                sql: "INSERT INTO token (hash, name, expires, needs_confirmation) VALUES (?, ?, ?, ?)",
                arguments: [
                    Data(token.hash), token.name?.text, token.expires.microseconds, token.needsConfirmation ? 1 : 0,
                ])
        }
    }

    /// Uses the token up for `name`. Of any number of concurrent calls one is accepted. `isConfirmed`: an operator said
    /// yes to this very machine.
    package func useToken(
        hash: [UInt8], by name: NodeName, isConfirmed: Bool = false, at now: Timestamp
    ) throws(StoreError) -> TokenOutcome {
        try write("use an enrolment token") { database in
            let outcome = try look(at: hash, for: name, isConfirmed: isConfirmed, at: now, in: database)
            guard outcome == .accepted else { return outcome }
            try database.execute(
                sql: "UPDATE token SET used_at = ?, used_by = ? WHERE hash = ? AND used_at IS NULL",
                arguments: [now.microseconds, name.text, Data(hash)])
            return .accepted
        }
    }

    /// What using it would give, without using it.
    package func lookAtToken(
        hash: [UInt8], by name: NodeName, isConfirmed: Bool = false, at now: Timestamp
    ) throws(StoreError) -> TokenOutcome {
        try read("look at an enrolment token") {
            try look(at: hash, for: name, isConfirmed: isConfirmed, at: now, in: $0)
        }
    }

    private func look(
        at hash: [UInt8], for name: NodeName, isConfirmed: Bool, at now: Timestamp, in database: Database
    ) throws -> TokenOutcome {
        let found = try Row.fetchOne(
            database, sql: "SELECT name, expires, used_at, used_by, needs_confirmation FROM token WHERE hash = ?",
            arguments: [Data(hash)])
        guard let found else { return .unknown }
        if let usedAt: Int64 = found[2] {
            return .used(at: Timestamp(microseconds: usedAt), by: found[3] ?? "")
        }
        let expires = Timestamp(microseconds: found[1])
        if expires <= now { return .expired(expires) }
        if let only: String = found[0], only != name.text { return .wrongName(NodeName(checked: only)) }
        let needsConfirmation: Int = found[4]
        if needsConfirmation == 1, !isConfirmed { return .unconfirmed }
        return .accepted
    }

    /// Forgets tokens that expired before, used or not.
    @discardableResult
    package func purgeTokens(expiredBefore time: Timestamp) throws(StoreError) -> Int {
        try write("delete old enrolment tokens") { database in
            try database.execute(sql: "DELETE FROM token WHERE expires < ?", arguments: [time.microseconds])
            return database.changesCount
        }
    }
}
