package import GridModel

/// What one caller may ask of the coordinator. The keys of `[limits]` in the configuration.
package struct CallLimits: Sendable, Hashable {
    /// Calls of each class a second, and at once.
    package var read = BucketRate(perSecond: 1_000, burst: 2_000)
    package var change = BucketRate(perSecond: 50, burst: 200)
    /// Tasks, however they come.
    package var submit = BucketRate(perSecond: 2_000, burst: 4_000)
    /// Streams opened.
    package var stream = BucketRate(perSecond: 50, burst: 400)
    package var link = BucketRate(perSecond: 5, burst: 50)
    package var enrol = BucketRate(perSecond: 5, burst: 50)
    /// Bytes of arguments, scripts, environments and standard inputs.
    package var bytes = BucketRate(perSecond: 32 << 20, burst: 128 << 20)
    /// Calls that are open at once, of any class: also one whose request never ends is one of them.
    package var openCalls = 256
    /// An operator, who looks after the grid, may do so many times as much.
    package var operatorFactor = 25

    /// While others ask too, a caller's rates are divided by this, and it has a twentieth of a second's worth at once.
    /// At least 1: no difference.
    package var contendedDivisor = 16

    package init() {}

    /// Refusals that are answered at once; beyond them the answer waits its turn, so that asking on costs the asker.
    package static let refusals = BucketRate(perSecond: 50, burst: 50)
    /// No answer waits longer.
    package static let longestHoldMilliseconds: Int64 = 5_000

    package func rate(_ callClass: CallClass) -> BucketRate {
        switch callClass {
        case .read: read
        case .change: change
        case .submit: submit
        case .stream: stream
        case .link: link
        case .enrol: enrol
        }
    }

    /// What one caller may ask while others ask too: a burst that is nobody's trouble on an idle grid is everybody's queue
    /// on a busy one. Changes, links and enrolments are rare and stay as they are.
    package var contended: CallLimits {
        guard contendedDivisor > 1 else { return self }
        var contended = self
        contended.read = read.contended(by: contendedDivisor)
        contended.submit = submit.contended(by: contendedDivisor)
        contended.stream = stream.contended(by: contendedDivisor)
        return contended
    }

    package func scaled(by factor: Int) -> CallLimits {
        var scaled = self
        scaled.read = read.scaled(by: factor)
        scaled.change = change.scaled(by: factor)
        scaled.submit = submit.scaled(by: factor)
        scaled.stream = stream.scaled(by: factor)
        scaled.link = link.scaled(by: factor)
        scaled.enrol = enrol.scaled(by: factor)
        scaled.bytes = bytes.scaled(by: factor)
        scaled.openCalls = openCalls * factor
        return scaled
    }
}
