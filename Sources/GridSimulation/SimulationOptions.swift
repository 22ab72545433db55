package import GridLogic
import GridModel

/// What is simulated. The same options give the same run, to the last step.
package struct SimulationOptions: Sendable {
    package var seed: UInt64
    package var nodes: Int
    package var tasks: Int
    /// 0: nothing goes wrong. 1: about one fault for every five tasks and three for every node.
    package var faults: Double
    /// What is deliberately broken, to see that it is noticed.
    package var mutation: Mutation?
    package var settings: GridSettings

    /// Small grids take some of the settings from the seed, unless they are given.
    package init(
        seed: UInt64, nodes: Int, tasks: Int, faults: Double, mutation: Mutation? = nil,
        settings: GridSettings? = nil
    ) {
        self.seed = seed
        self.nodes = min(max(nodes, 1), Self.nodeLimit)
        self.tasks = min(max(tasks, 0), Self.taskLimit)
        self.faults = faults.isFinite ? min(max(faults, 0), Self.faultLimit) : 0
        self.mutation = mutation
        self.settings = GridSettings()
        self.settings = settings ?? drawnSettings
    }

    package static let nodeLimit = 100_000
    package static let taskLimit = 100_000_000
    package static let faultLimit = 100.0

    /// A small grid drawn from the seed alone: 1 to 6 nodes, 5 to 60 tasks.
    package static func small(seed: UInt64, faults: Double = 1, mutation: Mutation? = nil) -> SimulationOptions {
        var chance = SplitMix64(seed: SplitMix64.mixed(seed))
        return SimulationOptions(
            seed: seed, nodes: 1 + chance.below(6), tasks: 5 + chance.below(56), faults: faults, mutation: mutation)
    }

    private var drawnSettings: GridSettings {
        var chance = SplitMix64(seed: SplitMix64.mixed(seed ^ 0x5E77_1065))
        var settings = GridSettings()
        settings.seed = chance.next()
        guard isSmall else { return settings }
        if chance.below(3) == 0 { settings.lostAttemptLimit = chance.below(4) }
        if chance.below(3) == 0 { settings.maxAttemptsPerNode = 1 + chance.below(4) }
        if chance.below(8) == 0 { settings.maxLiveTasks = 5 + chance.below(20) }
        settings.risk = RiskRule.allCases[chance.below(RiskRule.allCases.count)]
        if chance.below(8) == 0 { settings.fairShare = false }
        settings.preempts = chance.below(2) == 0
        settings.preemptionLimit = 1 + chance.below(3)
        settings.preemptionLeast = 1 + chance.below(3)
        return settings
    }

    /// Small runs are checked in full after every step, large ones every so many steps.
    var isSmall: Bool { nodes <= 16 && tasks <= 1_000 }
}

/// A fault put into the machine, or into the loop around it, on purpose.
package enum Mutation: String, Sendable, CaseIterable {
    /// Now and then a record is not kept.
    case loseSave
    /// A start goes to a second node as well.
    case doubleDispatch
    /// Reports of older epochs are taken for the newest.
    case acceptOldEpochs
    /// Nodes are believed to have four times what they have.
    case overcommit
    /// Cordons and drains are not heard.
    case ignoreCordon
    /// A cancel of what lives is answered and forgotten.
    case ignoreCancel
    case noBackoff
    /// A settled task is announced again as failed.
    case settleTwice
    /// An event number is left out.
    case skipEventNumber
    /// The brake lets go at once.
    case noBrake
    /// What is to be told is told before it is kept.
    case tellBeforeCommit
    /// Retries without end.
    case noRetryLimit
    /// The machine's clock stands still.
    case stoppedClock
    /// Idempotency keys are ignored.
    case ignoreKeys
    /// An agent that was restarted is taken for the one before.
    case ignoreInstance
    /// A node that has room is not offered to those that wait.
    case loseQueued
    /// Silence alone is enough to give a node up.
    case hastyLoss
    /// What was not heard because the coordinator was away counts as silence.
    case ignoreOwnAbsence
    case noQuarantine
    case noCircuits
    case spreadPoison
    /// Nodes of high risk are told and not avoided.
    case ignoreRisk
    /// What a node says that cannot be is taken in silence.
    case believeLies
    /// A drain's deadline is forgotten.
    case ignoreDeadlines
    /// Who brings much gets much.
    case noFairShare
    /// Attempts are ended for others however often, however many at once, or for less urgent ones.
    case endlessPreemption
    case noPreemptionBrake
    case invertPriorities
}
