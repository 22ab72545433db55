import Foundation
import GridIdentity
import GridModel
import Logging

/// Replacing the authority.
extension GridOperations {
    package func beginRotation(_ caller: Caller) async throws(OperationError) -> AuthorityView {
        try authorise(caller, .issueIdentities)
        let moment = SystemClock.wall()
        let office = identities
        let changed = try await reads.runIdentity {
            try office.changeAuthority(now: Date(moment)) { $0.begin(at: moment) }
        }
        guard changed != nil else {
            let view = authorityView()
            throw .refused(
                Refusal(
                    .failedPrecondition, reason: "ROTATION_UNDER_WAY",
                    message: "The last rotation is not over: \(view.outstanding) certificates of the authority before "
                        + "are in use. `noizylab cert list` shows them; `noizylab cert rotate --finish` ends it."))
        }
        // Shown before it is announced: everybody believes the new one already.
        _ = try await reads.runIdentity { try office.refreshOwn() }
        announceAuthority(.authorityRotated, by: caller.name)
        return authorityView()
    }

    package func finishRotation(_ caller: Caller, force: Bool) async throws(OperationError) -> AuthorityView {
        try authorise(caller, .issueIdentities)
        let view = authorityView()
        guard view.rotation.phase != .steady else {
            throw .refused(
                Refusal(
                    .failedPrecondition, reason: "NO_ROTATION",
                    message: "No rotation is under way: `noizylab cert rotate` begins one."))
        }
        guard force || view.outstanding == 0 else {
            throw .refused(
                Refusal(
                    .failedPrecondition, reason: "CERTIFICATES_IN_USE",
                    message:
                        "\(view.outstanding) certificates of the authority before are in use, and would open nothing "
                        + "any more. Renew them (`noizylab cert list` shows them), or say --force."))
        }
        try await retireAuthority(by: caller.name)
        return authorityView()
    }

    /// The one before is believed no more.
    func retireAuthority(by: String) async throws(OperationError) {
        let (office, now) = (identities, SystemClock.wall())
        let changed = try await reads.runIdentity {
            try office.changeAuthority(now: Date(now)) { $0.retire() }
        }
        guard changed != nil else { return }
        // The listeners learn to believe the one before no more.
        _ = try await reads.runIdentity { try office.refreshOwn() }
        announceAuthority(.authorityRetired, by: by)
    }

    private func announceAuthority(_ kind: IdentityNotice.Kind, by: String) {
        let authority = identities.authority
        let generation = authority.rotation.current
        logger.notice(
            kind == .authorityRotated ? "The next authority signs" : "The authority before is retired",
            metadata: ["generation": "\(generation)", "by": "\(by)"])
        let text =
            kind == .authorityRotated
            ? "authority \(generation) signs now; the one before is believed until everybody has new certificates"
            : "the authority before \(generation) is believed no more"
        note(IdentityNotice(kind, by: by, text + (by.isEmpty ? "" : " (by \(by))")))
        for session in loop.links.all { session.outbox.push(.trust(authority.trust)) }
    }
}
