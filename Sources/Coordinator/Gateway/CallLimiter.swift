import GridIdentity
package import GridLogic
import GridModel
import GridTransport
import Synchronization

/// Keeps the accounts of all callers, one for each identity; strangers have one for each address group, as their
/// connections do.
///
/// Bounded: accounts of which nothing is remembered are forgotten, and beyond `accountLimit` those who come new share one.
package final class CallLimiter: Sendable {
    /// Whose account it is.
    enum Owner: Hashable, Sendable {
        case peer(PeerIdentity)
        case key(String)
        case address(String)
        case everybodyElse
    }

    private struct State {
        var accounts: [Owner: CallAccount] = [:]
        var contention = Contention<Owner>()
        var sweepAt = 1_024
        var sweptAt = MonotonicTime(nanoseconds: 0)
    }

    private static let accountLimit = 20_000
    private static let sweepMilliseconds: Int64 = 1_000
    private let limits: CallLimits
    private let operatorLimits: CallLimits
    private let contendedLimits: CallLimits
    private let contendedOperatorLimits: CallLimits
    private let state = Mutex(State())

    package init(_ limits: CallLimits) {
        self.limits = limits
        operatorLimits = limits.scaled(by: limits.operatorFactor)
        contendedLimits = limits.contended
        contendedOperatorLimits = operatorLimits.contended
    }

    /// What is admitted is counted on `owner` and must end there: by its end the caller may have another account.
    func begin(_ caller: Caller, _ rule: MethodRule) -> (verdict: CallAccount.Verdict, owner: Owner) {
        let now = SystemClock.monotonic()
        let wanted = owner(of: caller)
        return state.withLock { state in
            let owner = room(for: wanted, in: &state, now)
            let limits = limits(of: caller, owner, rule.callClass, in: &state, now)
            let verdict = state.accounts[owner, default: CallAccount(limits, at: now)].begin(
                rule.callClass, limits, at: now)
            return (verdict, owner)
        }
    }

    func end(_ call: Call) {
        // Nothing is asked for: it only makes room.
        state.withLock { $0.accounts[call.owner]?.end() }
    }

    func carry(_ caller: Caller, bytes: Int) -> CallAccount.Verdict {
        change(owner(of: caller), caller) { account, limits, now in account.carry(bytes: bytes, limits, at: now) }
    }

    func look(_ caller: Caller, cost: Int) -> CallAccount.Verdict {
        change(owner(of: caller), caller) { account, limits, now in account.look(cost: cost, limits, at: now) }
    }

    /// How many of the tasks of one message are taken at a time; nil, all of them, while nobody else asks.
    func slice(_ call: Call) -> Int? {
        guard limits.contendedDivisor > 1 else { return nil }
        let now = SystemClock.monotonic()
        let isContended = state.withLock { $0.contention.note(call.owner, at: now) }
        return isContended ? Self.contendedSlice : nil
    }

    /// A task costs an ordinary machine less than a millisecond: what others wait for is one slice at most.
    private static let contendedSlice = 4

    func submit(_ call: Call, count: Int, bytes: Int) -> CallAccount.Grant {
        change(call.owner, call.caller) { account, limits, now in
            account.submit(count, bytes: bytes, limits, at: now)
        }
    }

    private func change<Result>(
        _ wanted: Owner, _ caller: Caller, _ body: (inout CallAccount, CallLimits, MonotonicTime) -> Result
    ) -> Result {
        let now = SystemClock.monotonic()
        return state.withLock { state in
            let owner = room(for: wanted, in: &state, now)
            let limits = limits(of: caller, owner, .submit, in: &state, now)
            return body(&state.accounts[owner, default: CallAccount(limits, at: now)], limits, now)
        }
    }

    /// Agents carry what others asked for: their links make nobody wait.
    private func limits(
        of caller: Caller, _ owner: Owner, _ callClass: CallClass, in state: inout State, _ now: MonotonicTime
    ) -> CallLimits {
        let isContended =
            caller.role != .agent && callClass != .enrol && state.contention.note(owner, at: now)
        return switch (caller.role == .operator, isContended) {
        case (true, true): contendedOperatorLimits
        case (true, false): operatorLimits
        case (false, true): contendedLimits
        case (false, false): limits
        }
    }

    private func owner(of caller: Caller) -> Owner {
        switch caller.proof {
        case .certificate(let credential): .peer(credential.identity)
        case .key(let grant): .key(grant.id)
        case .nothing: .address(AddressGroup.of(caller.host))
        }
    }

    /// Whoever has an account keeps it; a newcomer shares one when there is room for no other.
    private func room(for owner: Owner, in state: inout State, _ now: MonotonicTime) -> Owner {
        if state.accounts[owner] != nil { return owner }
        if state.accounts.count >= state.sweepAt, now.milliseconds(since: state.sweptAt) >= Self.sweepMilliseconds {
            sweep(&state, now)
        }
        return state.accounts.count >= Self.accountLimit ? .everybodyElse : owner
    }

    /// What has open calls is never idle, so every call finds the account that it began on.
    private func sweep(_ state: inout State, _ now: MonotonicTime) {
        for (key, account) in state.accounts {
            var account = account
            let limits = if case .peer(let peer) = key, peer.role == .operator { operatorLimits } else { self.limits }
            if account.isIdle(limits, at: now) { state.accounts[key] = nil }
        }
        state.sweepAt = min(max(1_024, state.accounts.count * 2), Self.accountLimit)
        state.sweptAt = now
    }
}
