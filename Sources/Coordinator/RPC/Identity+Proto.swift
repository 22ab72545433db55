import Foundation
import GridIdentity
import GridModel
import GridStore
import GridWire

extension Noizylab_Grid_TrustBundle {
    init(_ trust: TrustSet) { self.init(authorities: trust.pem, pins: trust.pins) }
}

extension Noizylab_Grid_RenewResponse {
    init(_ renewed: (certificate: String, trust: TrustSet)) {
        self.init()
        certificate = renewed.certificate
        trust = Noizylab_Grid_TrustBundle(renewed.trust)
    }
}

extension Noizylab_Grid_CertificateInfo {
    init(_ view: GridOperations.CertificateView) {
        self.init()
        let kept = view.certificate
        serial = kept.serial
        name = view.identity?.name ?? kept.identity
        role = view.identity?.role.rawValue ?? ""
        state = view.state.rawValue
        keyHash = Data(kept.keyHash)
        issuedAtUs = kept.issuedAt.microseconds
        notAfterUs = kept.notAfter.microseconds
        issuedBy = kept.issuedBy
        lastSeenUs = kept.lastSeen?.microseconds ?? 0
        authority = view.authority
        revokedAtUs = view.revocation?.at.microseconds ?? 0
        revokedBy = view.revocation?.by ?? ""
        reason = view.revocation?.reason ?? ""
    }
}

extension Noizylab_Grid_AuthorityInfo {
    init(_ view: GridOperations.AuthorityView) {
        self.init()
        generation = UInt32(clamping: view.rotation.current)
        switch view.rotation.phase {
        case .steady: phase = "steady"
        case .overlapping(let since):
            phase = "overlapping"
            overlappingSinceUs = since.microseconds
        }
        outstanding = UInt32(clamping: view.outstanding)
        trust = Noizylab_Grid_TrustBundle(view.trust)
    }
}

extension Noizylab_Grid_EnrolmentInfo {
    init(_ enrolment: Enrolment) {
        self.init()
        name = enrolment.name.text
        fingerprint = enrolment.fingerprint.text
        address = enrolment.address
        askedAtUs = enrolment.askedAt.microseconds
        expiresAtUs = enrolment.expiresAt.microseconds
        state = enrolment.state.rawValue
    }
}
