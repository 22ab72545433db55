import Executors
import GridModel
import Synchronization

/// What the loops of a node's roads share: the board, and who runs the next attempt.
final class RoadDesk: NodeRunner {
    /// What the link to the coordinator is to do.
    enum Wish: Sendable {
        case open(NodeInventory)
        case close
    }

    private struct State {
        var board: RoadBoard
        var inventories: [Int: NodeInventory] = [:]
        var told: [RoadState] = []
    }

    /// The coordinator's questions are answered only so long after the other machine's last word.
    private static let proofMilliseconds: Int64 = 1_000

    let roads: [NamedRoad]
    let wishes: AsyncStream<Wish>
    private let wish: AsyncStream<Wish>.Continuation
    /// All of them, whenever one changed; the newest is enough.
    let news: AsyncStream<[RoadState]>
    private let newsTeller: AsyncStream<[RoadState]>.Continuation
    private let state: Mutex<State>

    init(roads: [NamedRoad]) {
        self.roads = roads
        (news, newsTeller) = AsyncStream.makeStream(of: [RoadState].self, bufferingPolicy: .bufferingNewest(1))
        (wishes, wish) = AsyncStream.makeStream(of: Wish.self)
        state = Mutex(State(board: RoadBoard(names: roads.map(\.name))))
    }

    // MARK: attempts

    /// By the road that is in use; when none is, the first says that it is closed.
    func start(
        _ attempt: AttemptStart, window: Int, events: @escaping @Sendable (AttemptEvent) -> Void
    ) -> any RunningAttempt {
        let index = state.withLock { $0.board.inUse } ?? 0
        return roads[index].road.runner.start(attempt, window: window, events: events)
    }

    func after(milliseconds: Int64, _ body: @escaping @Sendable () -> Void) {
        roads[0].road.runner.after(milliseconds: milliseconds, body)
    }

    // MARK: life

    var isProven: Bool {
        let now = SystemClock.monotonic()
        return state.withLock { state in
            state.board.inUse.flatMap { state.board.silence(of: $0, at: now) } ?? .max <= Self.proofMilliseconds
        }
    }

    func isInUse(_ index: Int) -> Bool { state.withLock { $0.board.inUse == index } }

    /// How long the road has been silent; nil when it is not open.
    func silence(of index: Int) -> Int64? {
        let now = SystemClock.monotonic()
        return state.withLock { $0.board.silence(of: index, at: now) }
    }

    // MARK: what happens on the roads

    func opening(_ index: Int) { change { state, _ in state.board.opening(index) } }

    func opened(_ index: Int, _ inventory: NodeInventory) {
        change { state, now in
            state.inventories[index] = inventory
            state.board.opened(index, at: now)
        }
    }

    func heard(_ index: Int) { change { state, now in state.board.heard(index, at: now) } }

    func closed(_ index: Int, _ failure: RoadFailure) {
        change { state, _ in state.board.closed(index, failure) }
    }

    func review() { change { _, _ in } }

    private func change(_ body: (inout State, MonotonicTime) -> Void) {
        let now = SystemClock.monotonic()
        state.withLock { state in
            body(&state, now)
            switch state.board.review(at: now) {
            case .opened(let index): wish.yield(.open(state.inventories[index] ?? NodeInventory()))
            case .closed: wish.yield(.close)
            case .changed, nil: break
            }
            let states = state.board.states
            guard states != state.told else { return }
            state.told = states
            // Under the lock, so that nobody hears of an older state after a newer one.
            newsTeller.yield(states)
        }
    }
}
