import GridLogic
package import GridModel
import Synchronization

/// What an API key allows whoever shows it. One for each living key, shared by all its calls, because they share its rate.
package final class APIKeyGrant: Sendable, Hashable {
    /// The key's public part, by which it is listed and revoked.
    package let id: String
    package let name: String
    package let scope: KeyScope
    package let expiresAt: Timestamp
    private let meter: Mutex<TokenBucket>

    package init(id: String, name: String, scope: KeyScope, expiresAt: Timestamp, now: MonotonicTime) {
        self.id = id
        self.name = name
        self.scope = scope
        self.expiresAt = expiresAt
        meter = Mutex(TokenBucket(scope.rate?.bucket ?? .unlimited, at: now))
    }

    convenience init(_ record: APIKeyRecord, now: MonotonicTime) {
        self.init(
            id: record.id, name: record.name.text, scope: record.scope, expiresAt: record.expiresAt, now: now)
    }

    /// As tasks and events name it. No certificate's name has a colon.
    var submitter: String { "key:\(name)" }

    /// Keys have the permissions that `KeyPermission` knows and their scope names. Whatever else there is, or comes, no
    /// key ever has: identities, links and audits are for certificates.
    package func allows(_ permission: Permission) -> Bool {
        switch permission {
        case .enterDoor, .checkHealth: true
        default: KeyPermission(rawValue: permission.rawValue).map(scope.allows) ?? false
        }
    }

    /// Whether any key could.
    static func canHave(_ permission: Permission) -> Bool {
        permission == .enterDoor || permission == .checkHealth || KeyPermission(rawValue: permission.rawValue) != nil
    }

    /// One call, or one task, of the key's own rate.
    package func spend(at now: MonotonicTime) throws(OperationError) {
        guard let rate = scope.rate else { return }
        let wait = meter.withLock { bucket in
            let wait = bucket.milliseconds(until: rate.price, rate.bucket, at: now)
            if wait == 0 { _ = bucket.take(rate.price, rate.bucket, at: now) }
            return wait
        }
        guard wait > 0 else { return }
        throw .refused(
            Refusal(
                .resourceExhausted, reason: "KEY_RATE", message: "This key may ask \(rate) and did: wait a little.",
                retryAfterMilliseconds: wait))
    }

    package static func == (left: APIKeyGrant, right: APIKeyGrant) -> Bool { left.id == right.id }

    package func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// A bucket counts whole tokens a second, and a rate may be one in an hour: so each call costs as many tokens as its
/// span has seconds, and the bucket holds a span's worth.
extension KeyRate {
    fileprivate var price: Int { Int(milliseconds / 1_000) }

    fileprivate var bucket: BucketRate { BucketRate(perSecond: Int(count), burst: Int(count) * price) }
}
