import Foundation
import GRPCCore
import GridIdentity
import GridModel
import GridWire

/// `noizylab.grid.Certificates`: certificates, the authority, and the machines that wait.
struct CertificatesService: Noizylab_Grid_Certificates.SimpleServiceProtocol {
    let operations: GridOperations

    func renew(request: Noizylab_Grid_RenewRequest, context: ServerContext) async throws -> Noizylab_Grid_RenewResponse
    {
        let renewed = try await operations.renew(context.caller, signingRequest: request.signingRequest)
        return Noizylab_Grid_RenewResponse(renewed)
    }

    func listCertificates(
        request: Noizylab_Grid_ListCertificatesRequest, context: ServerContext
    ) async throws -> Noizylab_Grid_ListCertificatesResponse {
        var response = Noizylab_Grid_ListCertificatesResponse()
        response.certificates = try operations.certificates(context.caller, all: request.all)
            .map(Noizylab_Grid_CertificateInfo.init)
        response.authority = Noizylab_Grid_AuthorityInfo(try operations.authority(context.caller))
        response.nowUs = SystemClock.wall().microseconds
        return response
    }

    func revoke(
        request: Noizylab_Grid_RevokeRequest, context: ServerContext
    ) async throws -> Noizylab_Grid_RevokeResponse {
        context.call.note(subject: "certificate=\(request.subject.prefix(80))")
        let revoked = try await operations.revoke(
            context.caller, subject: request.subject, role: request.role, reason: request.reason)
        var response = Noizylab_Grid_RevokeResponse()
        response.certificates = revoked.certificates.map(Noizylab_Grid_CertificateInfo.init)
        response.connectionsEnded = UInt32(clamping: revoked.connectionsEnded)
        return response
    }

    func rotateAuthority(
        request: Noizylab_Grid_RotateAuthorityRequest, context: ServerContext
    ) async throws -> Noizylab_Grid_AuthorityInfo {
        context.call.note(subject: request.finish ? "authority=previous" : "authority=next")
        let view =
            request.finish
            ? try await operations.finishRotation(context.caller, force: request.force)
            : try await operations.beginRotation(context.caller)
        return Noizylab_Grid_AuthorityInfo(view)
    }

    func listEnrolments(
        request: Noizylab_Grid_ListEnrolmentsRequest, context: ServerContext
    ) async throws -> Noizylab_Grid_ListEnrolmentsResponse {
        var response = Noizylab_Grid_ListEnrolmentsResponse()
        response.enrolments = try operations.enrolments(context.caller).map(Noizylab_Grid_EnrolmentInfo.init)
        response.nowUs = SystemClock.wall().microseconds
        return response
    }

    func decideEnrolment(
        request: Noizylab_Grid_DecideEnrolmentRequest, context: ServerContext
    ) async throws -> Noizylab_Grid_EnrolmentInfo {
        context.call.note(subject: "node=\(request.name.prefix(63)) \(request.approve ? "approve" : "deny")")
        return Noizylab_Grid_EnrolmentInfo(
            try operations.decideEnrolment(
                context.caller, name: request.name, approve: request.approve, fingerprint: request.fingerprint))
    }
}

/// `noizylab.grid.Admission`, on the edge port: coming in under an operator's eyes, and coming back.
struct AdmissionService: Noizylab_Grid_Admission.SimpleServiceProtocol {
    let operations: GridOperations

    func joinConfirmed(
        request: Noizylab_Grid_JoinConfirmedRequest, response: RPCWriter<Noizylab_Grid_JoinConfirmedUpdate>,
        context: ServerContext
    ) async throws {
        context.call.note(subject: "node=\(request.name.prefix(63))")
        let operations = operations
        let remote = context.remotePeer
        try await context.whileCallerStays {
            let certificate = try await operations.joinConfirmed(
                token: request.token, name: request.name, signingRequest: request.signingRequest,
                from: GridOperations.host(of: remote)
            ) { enrolment in
                var update = Noizylab_Grid_JoinConfirmedUpdate()
                update.waiting = Noizylab_Grid_EnrolmentInfo(enrolment)
                try await response.write(update)
            }
            var update = Noizylab_Grid_JoinConfirmedUpdate()
            update.joined.certificate = certificate
            update.joined.trust = Noizylab_Grid_TrustBundle(operations.identities.authority.trust)
            update.joined.cluster = operations.settings.cluster
            update.joined.listen = operations.boundAddresses.listen
            try await response.write(update)
        }
    }

    func challenge(
        request: Noizylab_Grid_ChallengeRequest, context: ServerContext
    ) async throws -> Noizylab_Grid_ChallengeResponse {
        var response = Noizylab_Grid_ChallengeResponse()
        response.nonce = Data(operations.challenge())
        return response
    }

    func recover(
        request: Noizylab_Grid_RecoverRequest, context: ServerContext
    ) async throws -> Noizylab_Grid_RenewResponse {
        context.call.note(subject: "node=\(request.name.prefix(63))")
        let recovered = try await operations.recover(
            name: request.name, nonce: Array(request.nonce), signingRequest: request.signingRequest,
            signature: Array(request.signature), from: context.caller.host)
        return Noizylab_Grid_RenewResponse(recovered)
    }
}
