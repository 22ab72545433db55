/// What the coordinator tells a node to do. Every order may arrive twice; the second changes nothing.
package enum Order: Sendable, Hashable {
    /// Start this attempt, unless it was already started or has ended.
    case start(AttemptStart)
    /// End the attempt's process tree: TERM, then KILL after the grace.
    case cancel(AttemptRef, graceMilliseconds: Int64)
    /// The attempt's result is safe with the coordinator, or nobody wants it: stop it if it still runs, and drop
    /// its result.
    case forget(AttemptRef)
}

package struct AttemptStart: Sendable, Hashable {
    package let ref: AttemptRef
    package let spec: TaskSpec
    package let gpuIndices: [Int]

    package init(ref: AttemptRef, spec: TaskSpec, gpuIndices: [Int]) {
        self.ref = ref
        self.spec = spec
        self.gpuIndices = gpuIndices
    }
}

/// What a node says of an attempt, in order. Output travels beside these and never through the grid machine.
package enum AttemptReport: Sendable, Hashable {
    case started(AttemptRef)
    case progress(AttemptRef, percent: Double, stage: String)
    case finished(AttemptRef, AttemptOutcome)

    package var ref: AttemptRef {
        switch self {
        case .started(let ref): ref
        case .progress(let ref, _, _): ref
        case .finished(let ref, _): ref
        }
    }
}
