import Foundation
import GridIdentity
import GridModel
import GridStore
import Logging

/// Looks after what runs out: the coordinator's own certificate, the local operator's, and the belief in an authority that
/// was replaced. Writes down which certificates were seen.
struct IdentityKeeper: Sendable {
    let operations: GridOperations

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await lookAfter() }
            group.addTask { await writeNews() }
            try await group.waitForAll()
        }
    }

    /// What is shown for the first time is written at once.
    private func writeNews() async {
        for await _ in operations.identities.register.news { await writeSeen() }
    }

    private func lookAfter() async throws {
        while true {
            let pause: Duration
            do {
                pause = try await look()
            } catch {
                operations.logger.error("Certificates cannot be looked after", metadata: ["error": "\(error)"])
                pause = .seconds(5)
            }
            do {
                try await Task.sleep(for: pause)
            } catch {
                await writeSeen()
                throw error
            }
        }
    }

    /// How long nothing can be due.
    func look() async throws(OperationError) -> Duration {
        let (office, lifetimes) = (operations.identities, operations.identities.lifetimes)
        let due = try await operations.reads.runIdentity { try office.refreshOwn().renewalDue }
        try await retireIfDue(lifetimes)
        try await operations.reads.run { () throws(StoreError) in try office.register.tidy(at: SystemClock.wall()) }
        let seconds = min(office.authority.rotation.phase == .steady ? 60 : 1, due.timeIntervalSinceNow)
        return .milliseconds(Int64(max(0.2, seconds) * 1_000))
    }

    /// A few rows. Nothing depends on them, so a failure is told and let be.
    private func writeSeen() async {
        let register = operations.identities.register
        do {
            try await operations.reads.run { () throws(StoreError) in try register.writeSeen() }
        } catch {
            operations.logger.error(
                "Which certificates were seen could not be written", metadata: ["error": "\(error)"])
        }
    }

    private func retireIfDue(_ lifetimes: CertificateLifetimes) async throws(OperationError) {
        let view = operations.authorityView()
        let isDue = view.rotation.isDue(
            certificatesOfPrevious: view.outstanding, at: SystemClock.wall(), shortest: lifetimes.leastOverlap,
            longest: lifetimes.overlap)
        if isDue { try await operations.retireAuthority(by: "") }
    }
}
