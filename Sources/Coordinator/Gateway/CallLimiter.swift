import GridIdentity
package import GridLogic
import GridModel
import Synchronization

/// Keeps the accounts of all callers, one for each identity; strangers have one for each address.
///
/// Bounded: accounts of which nothing is remembered are forgotten, and beyond `accountLimit` those who come new share one.
package final class CallLimiter: Sendable {
    private enum Owner: Hashable {
        case peer(PeerIdentity)
        case key(String)
        case address(String)
        case everybodyElse
    }

    private struct State {
        var accounts: [Owner: CallAccount] = [:]
        var sweepAt = 1_024
    }

    private static let accountLimit = 20_000
    private let limits: CallLimits
    private let operatorLimits: CallLimits
    private let state = Mutex(State())

    package init(_ limits: CallLimits) {
        self.limits = limits
        operatorLimits = limits.scaled(by: limits.operatorFactor)
    }

    func begin(_ caller: Caller, _ rule: MethodRule) -> CallAccount.Verdict {
        change(caller) { account, limits, now in account.begin(rule.callClass, limits, at: now) }
    }

    func end(_ caller: Caller) { change(caller) { account, _, _ in account.end() } }

    func carry(_ caller: Caller, bytes: Int) -> CallAccount.Verdict {
        change(caller) { account, limits, now in account.carry(bytes: bytes, limits, at: now) }
    }

    func submit(_ caller: Caller, count: Int, bytes: Int) -> CallAccount.Grant {
        change(caller) { account, limits, now in account.submit(count, bytes: bytes, limits, at: now) }
    }

    private func change<Result>(
        _ caller: Caller, _ body: (inout CallAccount, CallLimits, MonotonicTime) -> Result
    ) -> Result {
        let limits = caller.role == .operator ? operatorLimits : self.limits
        let owner = owner(of: caller)
        let now = SystemClock.monotonic()
        return state.withLock { state in
            let key = state.accounts[owner] == nil ? makeRoom(for: owner, in: &state, now) : owner
            return body(&state.accounts[key, default: CallAccount(limits, at: now)], limits, now)
        }
    }

    private func owner(of caller: Caller) -> Owner {
        switch caller.proof {
        case .certificate(let credential): .peer(credential.identity)
        case .key(let grant): .key(grant.id)
        case .nothing: .address(caller.host)
        }
    }

    /// Who shares an account must be found in it again, so a newcomer is put there only when there is room for no other.
    private func makeRoom(for owner: Owner, in state: inout State, _ now: MonotonicTime) -> Owner {
        guard state.accounts.count >= state.sweepAt else { return owner }
        for (key, account) in state.accounts {
            var account = account
            let limits = if case .peer(let peer) = key, peer.role == .operator { operatorLimits } else { self.limits }
            if account.isIdle(limits, at: now) { state.accounts[key] = nil }
        }
        state.sweepAt = max(1_024, state.accounts.count * 2)
        return state.accounts.count >= Self.accountLimit ? .everybodyElse : owner
    }
}
