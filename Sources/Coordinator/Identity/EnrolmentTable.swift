package import GridIdentity
package import GridModel

/// A machine that waits for an operator to compare its fingerprint and say yes.
package struct Enrolment: Sendable, Hashable {
    package enum State: String, Sendable, Hashable {
        case waiting, approved, denied
    }

    package let name: NodeName
    package let fingerprint: JoinFingerprint
    package let keyHash: [UInt8]
    package let address: String
    package let askedAt: Timestamp
    package let expiresAt: Timestamp
    package var state = State.waiting
}

/// The machines that wait, by name: one for each.
///
/// waiting → approved or denied (an operator decides, once) → gone (the machine heard, or left, or its time was over).
package struct EnrolmentTable: Sendable {
    /// Why a machine may not wait, or nothing was decided about it.
    package enum Reason: Sendable, Hashable {
        /// Another machine waits under this name.
        case nameWaits
        case tooMany
        case notWaiting
        /// What the operator read is not what waits here.
        case otherFingerprint(JoinFingerprint)
        case decidedAlready(Enrolment.State)
    }

    package static let capacity = 64
    package static let patienceSeconds: Int64 = 600

    private var enrolments: [NodeName: Enrolment] = [:]

    package init() {}

    /// Those whose time is not over, by name.
    package func all(at now: Timestamp) -> [Enrolment] {
        enrolments.values.filter { $0.expiresAt > now }.sorted { $0.name < $1.name }
    }

    /// The same machine may ask again, and waits anew.
    package mutating func ask(
        _ name: NodeName, fingerprint: JoinFingerprint, keyHash: [UInt8], from address: String, at now: Timestamp
    ) -> Result<Enrolment, Refused> {
        enrolments = enrolments.filter { $0.value.expiresAt > now }
        if let other = enrolments[name], other.keyHash != keyHash { return .failure(Refused(.nameWaits)) }
        guard enrolments.count < Self.capacity || enrolments[name] != nil else { return .failure(Refused(.tooMany)) }
        let enrolment = Enrolment(
            name: name, fingerprint: fingerprint, keyHash: keyHash, address: address, askedAt: now,
            expiresAt: Timestamp(microseconds: now.microseconds + Self.patienceSeconds * 1_000_000))
        enrolments[name] = enrolment
        return .success(enrolment)
    }

    package mutating func decide(
        _ name: NodeName, approve: Bool, fingerprint: String, at now: Timestamp
    ) -> Result<Enrolment, Refused> {
        guard var enrolment = enrolments[name], enrolment.expiresAt > now else { return .failure(Refused(.notWaiting)) }
        guard enrolment.state == .waiting else { return .failure(Refused(.decidedAlready(enrolment.state))) }
        // Whoever says no need not have read it.
        guard !approve || enrolment.fingerprint.matches(fingerprint) else {
            return .failure(Refused(.otherFingerprint(enrolment.fingerprint)))
        }
        enrolment.state = approve ? .approved : .denied
        enrolments[name] = enrolment
        return .success(enrolment)
    }

    /// Nil when it is gone, or another machine took its place.
    package func state(of name: NodeName, keyHash: [UInt8], at now: Timestamp) -> Enrolment.State? {
        guard let found = enrolments[name], found.keyHash == keyHash, found.expiresAt > now else { return nil }
        return found.state
    }

    package mutating func left(_ name: NodeName, keyHash: [UInt8]) {
        if enrolments[name]?.keyHash == keyHash { enrolments[name] = nil }
    }

    /// A reason as `Result` wants it.
    package struct Refused: Error, Hashable {
        package let why: Reason

        package init(_ why: Reason) { self.why = why }
    }
}
