import GridLogic
import GridModel

/// Everything that is done to a simulated grid from outside, drawn from the seed before it starts. What chance decides
/// later hangs on the thing it is about (an attempt, a message) and not on the order of drawing, so that leaving out an
/// action leaves the rest as it was: that is what makes a failing scenario shrink.
struct Scenario: Sendable {
    struct Action: Sendable {
        /// Microseconds.
        var at: Int64
        var kind: Kind
    }

    enum Kind: Sendable {
        case submit(Submission)
        /// By the number of its submission.
        case cancel(Int)
        case crashCoordinator(CrashPoint, downFor: Int64)
        case freezeCoordinator(for: Int64)
        case slowDisk(latency: Int64, for: Int64)
        case stepWallClock(by: Int64)
        case crashAgent(Int, downFor: Int64)
        case freezeAgent(Int, for: Int64)
        case breakLink(Int, downFor: Int64)
        /// Nothing comes through, and nobody is told.
        case silence([Int], for: Int64)
        case setSchedulability(Int, Schedulability)
        case removeNode(Int)
        /// It says it has other things the next time it dials in.
        case changeInventory(Int, NodeInventory)
        /// Its messages come late in bursts, as on a line that loses packets. `share` of them, in percent.
        case loseMessages(Int, share: Int, for: Int64)
        /// Its link breaks again and again.
        case flap(Int, times: Int, every: Int64)
        /// The machine sleeps, and its connection is dead when it wakes.
        case sleepAgent(Int, for: Int64)
        /// The coordinator's machine sleeps: the monotonic clock stands still, the wall clock goes on.
        case sleepCoordinator(for: Int64)
        /// The coordinator's event loops stand still while its grid loop goes on.
        case stallEars(for: Int64)
        /// It says what cannot be.
        case lie(Int, NodeInventory)
        /// What it is given fails.
        case spoil(Int, for: Int64)
        case drain(Int, within: Int64)
        case release(Int)
    }

    /// Where in the life of a batch the coordinator dies.
    enum CrashPoint: Sendable {
        /// What was decided and not committed is gone.
        case beforeCommit
        /// Committed, and nobody was told.
        case afterCommit
        /// Committed, and some were told.
        case amidRelease(after: Int)
    }

    struct Submission: Sendable {
        var number: Int
        var spec: TaskSpec
        var key: String?
    }

    var inventories: [NodeInventory]
    var actions: [Action]
    /// After this no fault begins.
    var calmAt: Int64

    static let second: Int64 = 1_000_000

    static func nodeName(_ index: Int) -> NodeName { NodeName(checked: "n\(index + 1)") }
}

extension Scenario.Action: CustomStringConvertible {
    var description: String {
        "at \(at / 1_000) ms \(kind)"
    }
}

extension Scenario.Kind: CustomStringConvertible {
    var description: String {
        switch self {
        case .submit(let submission):
            "submit s\(submission.number)\(submission.key.map { " key \($0)" } ?? "")"
                + "\(submission.spec.node.map { " on \($0)" } ?? "") cpu \(submission.spec.resources.cpuMillis)"
                + " retries \(submission.spec.retries) on_lost \(submission.spec.onLost.rawValue)"
                + " lost_after \(submission.spec.lostAfterMilliseconds)"
                + (submission.spec.metadata.isEmpty ? "" : " poison")
                + " timeout \(submission.spec.timeoutMilliseconds) \(submission.spec.durability.rawValue)"
        case .cancel(let number): "cancel s\(number)"
        case .crashCoordinator(let point, let span): "crash coordinator \(point), down \(span / 1_000) ms"
        case .freezeCoordinator(let span): "freeze coordinator \(span / 1_000) ms"
        case .slowDisk(let latency, let span): "slow disk \(latency / 1_000) ms, for \(span / 1_000) ms"
        case .stepWallClock(let change): "step wall clock \(change / 1_000) ms"
        case .crashAgent(let node, let span): "crash agent n\(node + 1), down \(span / 1_000) ms"
        case .freezeAgent(let node, let span): "freeze agent n\(node + 1) \(span / 1_000) ms"
        case .breakLink(let node, let span): "break link n\(node + 1), down \(span / 1_000) ms"
        case .silence(let nodes, let span):
            "silence \(nodes.map { "n\($0 + 1)" }.joined(separator: " ")) \(span / 1_000) ms"
        case .setSchedulability(let node, let schedulability): "set n\(node + 1) \(schedulability.rawValue)"
        case .removeNode(let node): "remove n\(node + 1)"
        case .changeInventory(let node, let inventory): "change n\(node + 1) to \(inventory.cores) cores"
        case .loseMessages(let node, let share, let span): "lose \(share) % of n\(node + 1) \(span / 1_000) ms"
        case .flap(let node, let times, let every): "flap n\(node + 1) \(times) times, every \(every / 1_000) ms"
        case .sleepAgent(let node, let span): "sleep n\(node + 1) \(span / 1_000) ms"
        case .sleepCoordinator(let span): "sleep coordinator \(span / 1_000) ms"
        case .stallEars(let span): "stall ears \(span / 1_000) ms"
        case .lie(let node, let inventory): "n\(node + 1) claims \(inventory.cores) cores"
        case .spoil(let node, let span): "spoil n\(node + 1) \(span / 1_000) ms"
        case .drain(let node, let span): "drain n\(node + 1) within \(span / 1_000) ms"
        case .release(let node): "release n\(node + 1)"
        }
    }
}
