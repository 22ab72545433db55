import Coordinator
import Foundation
import GridIdentity
import GridLogic

/// The certificates of this home, and whom their holders believe.
struct IdentityLook: Sendable {
    let home: HomeFolder
    let plan: GridPlan?

    private var holders: [(owner: String, folder: String)] {
        var found = [("the operator", home.operatorFolder)]
        if plan?.hasCoordinator ?? false { found.append(("the coordinator", "\(home.path)/pki/coordinator")) }
        for node in plan?.nodes ?? [] { found.append(("node '\(node.name)'", "\(home.node(node.name))/pki")) }
        return found.filter { PrivateFile.exists("\($0.1)/cert.pem") }
    }

    func certificates(now: Date) -> [GridChecks.Certificate] {
        var found = holders.map { owner, folder -> GridChecks.Certificate in
            let files = CertificateFiles(folder: folder)
            do {
                let facts = try files.facts()
                try Self.checkKey(files.key)
                return .init(
                    owner: owner, path: files.certificate, left: Int64(facts.notAfter.timeIntervalSince(now)),
                    life: Int64(facts.notAfter.timeIntervalSince(facts.notBefore)))
            } catch {
                return .init(owner: owner, path: files.certificate, left: nil, life: 0, failure: "\(error)")
            }
        }
        guard let plan, AuthorityFolder.exists(at: home.authorityFolder) else { return found }
        do {
            let authority = try AuthorityFolder(path: home.authorityFolder, cluster: plan.cluster).load(now: now)
            let end = authority.trust.firstEndsAt ?? now
            found.append(
                .init(
                    owner: "the authority", path: home.authorityFolder, left: Int64(end.timeIntervalSince(now)),
                    life: 0, isAuthority: true))
        } catch {
            found.append(
                .init(
                    owner: "the authority", path: home.authorityFolder, left: nil, life: 0, failure: "\(error)",
                    isAuthority: true))
        }
        return found
    }

    /// One that others can read is told, and mended, with the modes.
    private static func checkKey(_ path: String) throws(IdentityError) {
        do throws(IdentityError) {
            _ = try SigningKey.load(path)
        } catch {
            if error.code != .exposedKey { throw error }
        }
    }

    /// Empty where the authority is another machine's.
    func trust() -> [GridChecks.Trust] {
        guard let plan, AuthorityFolder.exists(at: home.authorityFolder),
            let authority = try? AuthorityFolder(path: home.authorityFolder, cluster: plan.cluster).load(now: Date())
        else { return [] }
        return holders.map { owner, folder in
            let path = CertificateFiles(folder: folder).authority
            let pins = (try? TrustSet(file: path))?.pins ?? []
            return .init(owner: owner, path: path, knowsAuthority: pins.contains(authority.keyHash))
        }
    }
}
