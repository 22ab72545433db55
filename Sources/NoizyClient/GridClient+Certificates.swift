import Foundation
import GRPCCore
import GridIdentity
package import GridWire
import SwiftProtobuf

/// Certificates, the authority, and machines that wait to be let in.
extension GridClient {
    /// Another certificate for the one by which this connection was made, put in its place. Connections from then on are
    /// made with it, without a restart.
    public func renewCertificate(_ credentials: GridCredentials) async throws {
        do {
            let files = credentials.files
            let request = try SigningKey.load(files.key).signingRequest()
            let renewed = try await call {
                try await certificates.renew(.with { $0.signingRequest = request })
            }
            try files.write(certificatePEM: renewed.certificate, authorityPEM: renewed.trust.authorities)
        } catch let error as IdentityError {
            throw GridError(.failed, error.message)
        }
    }

    package func certificateInfos(all: Bool) async throws -> Noizylab_Grid_ListCertificatesResponse {
        try await call { try await certificates.listCertificates(.with { $0.all = all }) }
    }

    package func revoked(
        _ subject: String, role: String, reason: String
    ) async throws -> Noizylab_Grid_RevokeResponse {
        try await call(isRepeatable: false) {
            try await certificates.revoke(
                .with {
                    $0.subject = subject
                    $0.role = role
                    $0.reason = reason
                })
        }
    }

    package func authorityRotated(finish: Bool, force: Bool) async throws -> Noizylab_Grid_AuthorityInfo {
        try await call(isRepeatable: false) {
            try await certificates.rotateAuthority(
                .with {
                    $0.finish = finish
                    $0.force = force
                })
        }
    }

    package func enrolmentInfos() async throws -> Noizylab_Grid_ListEnrolmentsResponse {
        try await call { try await certificates.listEnrolments(.init()) }
    }

    package func enrolmentDecided(
        _ name: String, approve: Bool, fingerprint: String
    ) async throws -> Noizylab_Grid_EnrolmentInfo {
        try await call(isRepeatable: false) {
            try await certificates.decideEnrolment(
                .with {
                    $0.name = name
                    $0.approve = approve
                    $0.fingerprint = fingerprint
                })
        }
    }
}
