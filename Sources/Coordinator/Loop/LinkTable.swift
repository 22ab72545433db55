import GridLogic
package import GridModel
import Synchronization

/// The living sessions. Links open and close them; the loop looks them up for its orders.
package final class LinkTable: Sendable {
    private struct State {
        var nextSession: UInt64 = 1
        var sessions: [SessionID: LinkSession] = [:]
        var newest: [NodeName: SessionID] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// A newer connection of the same node ends the older.
    package func open(_ node: NodeName) -> LinkSession {
        let (session, older) = state.withLock { state -> (LinkSession, LinkSession?) in
            let session = LinkSession(id: SessionID(number: state.nextSession), node: node)
            state.nextSession += 1
            state.sessions[session.id] = session
            let older = state.newest.updateValue(session.id, forKey: node).flatMap { state.sessions[$0] }
            return (session, older)
        }
        older?.end("a newer connection of \(node) took its place")
        return session
    }

    package func close(_ session: LinkSession) {
        session.outbox.finish()
        state.withLock { state in
            state.sessions.removeValue(forKey: session.id)
            if state.newest[session.node] == session.id { state.newest.removeValue(forKey: session.node) }
        }
    }

    var all: [LinkSession] { state.withLock { Array($0.sessions.values) } }

    func session(_ id: SessionID) -> LinkSession? { state.withLock { $0.sessions[id] } }

    func newest(of node: NodeName) -> LinkSession? {
        state.withLock { state in state.newest[node].flatMap { state.sessions[$0] } }
    }

    func endAll(_ reason: String) {
        for session in all { session.end(reason) }
    }
}
