package import GridModel
import Synchronization

/// One call that was let in: who makes it, by which rule, in which trace. Made by the gateway, carried by the door in its
/// own context, and given back to the gateway at its end.
package final class Call: Sendable {
    private struct State {
        var endReason: OperationError?
        var onEnd: (@Sendable () -> Void)?
        var subject = ""
    }

    package let caller: Caller
    package let rule: MethodRule
    package let trace: TraceContext
    /// Whose account it is counted on, from its beginning to its end.
    let owner: CallLimiter.Owner
    private let state = Mutex(State())

    init(caller: Caller, rule: MethodRule, trace: TraceContext, owner: CallLimiter.Owner) {
        self.caller = caller
        self.rule = rule
        self.trace = trace
        self.owner = owner
    }

    /// What it was about, for the audit: `node=Mac-Pro`. Never a secret. Whatever the caller wrote, it is short.
    package func note(subject: String) {
        let short = String(subject.prefix(200))
        state.withLock { $0.subject = short }
    }

    var subject: String { state.withLock { $0.subject } }

    /// Why it was ended from outside; nil while it was not.
    package var endReason: OperationError? { state.withLock { $0.endReason } }

    /// Ends it: its handler is cancelled, and its caller hears the reason. The first reason stays.
    package func end(_ reason: OperationError) {
        let onEnd = state.withLock { state -> (@Sendable () -> Void)? in
            if state.endReason == nil { state.endReason = reason }
            return state.onEnd.take()
        }
        onEnd?()
    }

    /// Runs `body` once when the call is ended from outside; at once if it was already.
    func onEnd(_ body: @escaping @Sendable () -> Void) {
        let isEnded = state.withLock { state in
            if state.endReason == nil { state.onEnd = body }
            return state.endReason != nil
        }
        if isEnded { body() }
    }
}
