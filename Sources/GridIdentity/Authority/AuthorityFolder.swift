import Crypto
import GridModel
import SwiftASN1
import X509

#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// Where the authority's keys and certificates lie: `rotation.json` says which generation signs, and the files of each
/// are named after it (`ca.key` and `ca.pem` for the first). Keys are 0600 in a 0700 folder.
///
/// Any process may load it. Only the coordinator rotates, one change at a time.
package struct AuthorityFolder: Sendable {
    package let path: String
    package let cluster: String

    package init(path: String, cluster: String) {
        self.path = path
        self.cluster = cluster
    }

    /// The authority as it is, or a new one. Whatever is loaded while the coordinator changes it is whole: of before or
    /// of after.
    package func load(now: Date) throws(IdentityError) -> CertificateAuthority {
        guard NodeName(cluster) != nil else {
            throw IdentityError(
                .malformed,
                "The cluster's name '\(cluster.forPeople)' must be 1 to 63 letters, digits, '.', '_' or '-'.")
        }
        try PrivateFile.makeFolder(path)
        while true {
            guard let rotation = try readState() else {
                try begin(now: now)
                continue
            }
            do {
                let loaded = try read(rotation, now: now)
                if try readState() == rotation { return loaded }
            } catch {
                // What was being replaced meanwhile is read again; what is really wrong stays wrong.
                if try readState() == rotation { throw error }
            }
        }
    }

    /// Lets the next generation sign, or takes the one before out of belief, and says what the authority is then; nil
    /// when the rotation does not allow it. `before` hears of every step before it is done.
    package func change(
        now: Date, _ change: (inout AuthorityRotation) -> Bool,
        before: (AuthorityRotation.Step) throws -> Void = { _ in }
    ) throws -> CertificateAuthority? {
        var rotation = try load(now: now).rotation
        guard change(&rotation) else { return nil }
        for step in rotation.steps(found: try found()) {
            try before(step)
            try carryOut(step, toward: rotation, now: now)
        }
        return try load(now: now)
    }

    /// Removes what an interrupted change left. For the coordinator, at its start.
    package func tidy() throws(IdentityError) {
        guard let rotation = try readState() else { return }
        for file in rotation.leftovers(found: try found()) { try PrivateFile.remove(path(of: file)) }
    }

    /// True when a folder holds an authority, whichever generation signs.
    package static func exists(at path: String) -> Bool {
        PrivateFile.exists("\(path)/\(stateName)") || PrivateFile.exists("\(path)/ca.key")
    }

    // MARK: steps

    /// Also goes on where a first start was interrupted, and adopts an authority from before there were two.
    private func begin(now: Date) throws(IdentityError) {
        let rotation = AuthorityRotation()
        for file in [AuthorityRotation.File.key(1), .certificate(1), .key(2), .certificate(2)] {
            try make(file, now: now)
        }
        _ = try PrivateFile.create(text(of: rotation), at: "\(path)/\(Self.stateName)")
    }

    private func carryOut(
        _ step: AuthorityRotation.Step, toward rotation: AuthorityRotation, now: Date
    ) throws(IdentityError) {
        switch step {
        case .make(let file): try make(file, now: now)
        case .keepState: try PrivateFile.write(text(of: rotation), to: "\(path)/\(Self.stateName)")
        case .remove(let file): try PrivateFile.remove(path(of: file))
        }
    }

    private func make(_ file: AuthorityRotation.File, now: Date) throws(IdentityError) {
        switch file {
        case .key: _ = try SigningKey.loadOrCreate(path(of: file))
        case .certificate(let generation):
            if PrivateFile.exists(path(of: file)) { return }
            let key = try SigningKey.load(path(of: .key(generation)))
            let made = try AuthorityCertificate.make(
                for: key, generation: generation, cluster: cluster, signer: key, issuer: generation, now: now)
            _ = try PrivateFile.create(made, at: path(of: file))
        case .crossCertificate(let generation):
            let key = try SigningKey.load(path(of: .key(generation)))
            let signer = try SigningKey.load(path(of: .key(generation - 1)))
            let made = try AuthorityCertificate.make(
                for: key, generation: generation, cluster: cluster, signer: signer, issuer: generation - 1, now: now)
            try PrivateFile.write(made, to: path(of: file))
        }
    }

    // MARK: files

    private func path(of file: AuthorityRotation.File) -> String { "\(path)/\(file.name)" }

    private func found() throws(IdentityError) -> Set<AuthorityRotation.File> {
        Set(try PrivateFile.names(in: path).compactMap(AuthorityRotation.File.init))
    }

    private func read(_ rotation: AuthorityRotation, now: Date) throws(IdentityError) -> CertificateAuthority {
        let key = try SigningKey.load(path(of: .key(rotation.current)))
        let current = try certificate(rotation.current)
        guard current.publicKey == Certificate.PublicKey(key.key.publicKey) else {
            throw IdentityError(
                .untrusted,
                "\(path(of: .certificate(rotation.current))) is not the certificate of "
                    + "\(path(of: .key(rotation.current))): restore both from one backup.")
        }
        let found = try current.uriNames().first ?? ""
        guard found == PeerIdentity.scheme + cluster else {
            throw IdentityError(
                .refused,
                "The authority in \(path) belongs to '\(found.forPeople)', not to cluster '\(cluster)'. "
                    + "Name the cluster as before, or use another folder.")
        }
        guard now < current.notValidAfter else {
            throw IdentityError(
                .expired,
                "The authority \(path(of: .certificate(rotation.current))) expired on \(current.notValidAfter).")
        }
        return CertificateAuthority(
            cluster: cluster, rotation: rotation, key: key, current: current, next: try certificate(rotation.next),
            previous: try rotation.previous.map(certificate),
            cross: rotation.previous == nil ? nil : try certificate(at: path(of: .crossCertificate(rotation.current))))
    }

    private func certificate(_ generation: Int) throws(IdentityError) -> Certificate {
        try certificate(at: path(of: .certificate(generation)))
    }

    private func certificate(at path: String) throws(IdentityError) -> Certificate {
        try Certificate.read(pem: PrivateFile.read(path), from: path)
    }

    // MARK: the state's file

    private struct State: Codable {
        var current: Int
        /// Microseconds since 1970; absent when the authority is steady.
        var overlappingSince: Int64?
    }

    private func text(of rotation: AuthorityRotation) -> String {
        var state = "{\"current\":\(rotation.current)"
        if case .overlapping(let since) = rotation.phase { state += ",\"overlappingSince\":\(since.microseconds)" }
        return state + "}\n"
    }

    private func readState() throws(IdentityError) -> AuthorityRotation? {
        let file = "\(path)/\(Self.stateName)"
        guard PrivateFile.exists(file) else { return nil }
        let text = try PrivateFile.read(file)
        guard let state = try? JSONDecoder().decode(State.self, from: Data(text.utf8)),
            state.current >= (state.overlappingSince == nil ? 1 : 2)
        else {
            throw IdentityError(
                .malformed, "\(file) does not say which authority signs: restore the folder from a backup.")
        }
        return AuthorityRotation(
            current: state.current,
            phase: state.overlappingSince.map { .overlapping(since: Timestamp(microseconds: $0)) } ?? .steady)
    }

    static let stateName = "rotation.json"
}
