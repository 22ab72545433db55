/// Whose turn it is among the clients that wait: fair share by turns. A client claims with its first task, by virtual
/// time, as if that had begun to wait when the client was last served; so of clients with tasks of one priority the one
/// that was served longest ago goes first, however many tasks each has, and a lower priority gets its turn once it went
/// without one for as long as ageing makes up for. Among a client's own tasks nothing changes, and a client alone does
/// not notice.
///
/// This is start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996) in which a client's finish tag is the moment
/// it was served: what a task will cost need not be known, and claims only ever grow later by it.
struct ClientTurns: Sendable {
    /// What a client has to say for being next in a line. The least is.
    struct Claim: Comparable, Sendable {
        /// Microseconds, like the virtual time of a task.
        let time: Int64
        /// Between equals: of the client's last turn.
        let turn: UInt64
        let number: UInt64
        let client: Int
        /// Tells it from the client's earlier ones in the line.
        let stamp: UInt64

        static func < (left: Claim, right: Claim) -> Bool {
            (left.time, left.turn, left.number) < (right.time, right.turn, right.number)
        }
    }

    private struct Client: Sendable {
        let name: String
        /// Tasks in the queue.
        var waiting = 0
        /// Microseconds; nil before its first turn.
        var servedAt: Int64?
        var turn: UInt64 = 0
    }

    private var clients: [Client] = []
    private var indices: [String: Int] = [:]
    private var free: [Int] = []
    private var lastTurn: UInt64 = 0
    /// The latest moment anybody was served: should the clock be set back, turns still follow each other.
    private var latest = Int64.min
    /// Clients that have tasks in the queue.
    private(set) var waitingCount = 0

    /// The index of a client, made when there is none. It is good while the client waits.
    mutating func client(_ name: String) -> Int {
        if let index = indices[name] { return index }
        if indices.count >= 512, indices.count > 2 * waitingCount { forgetIdle() }
        let index: Int
        if let vacant = free.popLast() {
            index = vacant
            clients[index] = Client(name: name)
        } else {
            index = clients.count
            clients.append(Client(name: name))
        }
        indices[name] = index
        return index
    }

    /// Nil for one that was never heard of, or is forgotten.
    func known(_ name: String) -> Int? { indices[name] }

    mutating func joined(_ client: Int) {
        clients[client].waiting += 1
        if clients[client].waiting == 1 { waitingCount += 1 }
    }

    mutating func left(_ client: Int) {
        clients[client].waiting -= 1
        if clients[client].waiting == 0 { waitingCount -= 1 }
    }

    mutating func served(_ client: Int, at time: Int64) {
        latest = max(latest, time)
        lastTurn += 1
        clients[client].servedAt = latest
        clients[client].turn = lastTurn
    }

    /// With `entry`, the client's first task of a line.
    func claim(_ client: Int, with entry: TaskQueue.Entry, stamp: UInt64) -> Claim {
        let turn = clients[client].servedAt.map { $0.subtractingSaturated(entry.advantage) } ?? .min
        return Claim(
            time: max(entry.virtualTime, turn), turn: clients[client].turn, number: entry.number, client: client,
            stamp: stamp)
    }

    /// One that comes back is then as good as new, which it is anyway unless it comes back with a task of old.
    private mutating func forgetIdle() {
        for index in indices.values.sorted() where clients[index].waiting == 0 {
            indices[clients[index].name] = nil
            free.append(index)
        }
    }
}
