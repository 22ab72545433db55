package import GridModel

/// How likely a node is to fail soon, and why: fed with what is measured of one node, asked whenever a decision hangs
/// on it. A value, to be changed in place: it holds 18 KiB for each watched metric that ever changed, five and one for
/// each GPU.
///
/// Two kinds of evidence. *Unusual* readings (`MetricWatch`) count little alone and add up. *Facts* count by
/// themselves: a disk that will be full within a day, GPU errors, throttling, a connection that keeps breaking, tasks
/// that fail more than they used to. Everything fades when it stops.
package struct NodeRisk: Sendable {
    private struct GPUWatch: Sendable {
        var temperature: MetricWatch
        var throttling = ThrottleWatch()
        var errors = DecayingSum(halfLifeSeconds: 3_600)
        var errorsSince: Timestamp?
        var errorCount: Int64?
    }

    /// GPUs of a node that are watched.
    package static let gpuLimit = 16
    /// From the first on, and until it is below the second.
    private static let highRisk = (from: 0.7, until: 0.5)
    private static let elevatedRisk = (from: 0.3, until: 0.2)

    private var cpu = MetricWatch(.cpu)
    private var memory = MetricWatch(.memory)
    private var roundTrip = MetricWatch(.roundTrip)
    private var heartbeat = MetricWatch(.heartbeat, gathering: .maximum)
    private var temperature = MetricWatch(.temperature)
    private var throttling = ThrottleWatch()
    private var gpus: [Int: GPUWatch] = [:]
    private var disk = DiskForecast()
    private var failures = FailureWatch()
    private var losses = DecayingSum(halfLifeSeconds: 600)
    private var lossesSince: Timestamp?
    private var lastHeartbeat: MonotonicTime?
    private var level = RiskLevel.normal
    private let learnsUsual: Bool

    /// - Parameter learnsUsual: whether it learns what is usual, for 18 KiB a metric, or goes by facts alone.
    package init(learnsUsual: Bool = true) { self.learnsUsual = learnsUsual }

    /// A heartbeat arrived with its sample.
    package mutating func observe(_ sample: NodeSample, at moment: Moment) {
        let sane = sample.clamped
        memory.observe(sane.memoryPercent, at: moment, learns: learnsUsual)
        disk.observe(freeBytes: sane.diskFreeBytes, at: moment)
        if sane.isThrottled { throttling.isSlowed(at: moment) }
        for gpu in sane.gpus {
            if gpu.isThrottled { gpuThrottles(gpu.index, at: moment) }
            if let total = gpu.errorCount { gpuErrors(gpu.index, total: total, at: moment) }
        }
        guard learnsUsual else { return }
        if sane.temperatureCelsius > 0 { temperature.observe(sane.temperatureCelsius, at: moment) }
        cpu.observe(sane.cpuPercent, at: moment)
        if sane.roundTripMicroseconds > 0 {
            roundTrip.observe(Double(sane.roundTripMicroseconds) / 1_000, at: moment)
        }
        if let lastHeartbeat, sane.sleptMilliseconds == 0 {
            heartbeat.observe(max(0, moment.monotonic.seconds(since: lastHeartbeat)) * 1_000, at: moment)
        }
        lastHeartbeat = moment.monotonic
        for gpu in sane.gpus where gpu.temperatureCelsius > 0 {
            watch(gpu.index) { $0.temperature.observe(gpu.temperatureCelsius, at: moment) }
        }
    }

    /// The driver says that a GPU runs slower than it could, for its heat or power.
    package mutating func gpuThrottles(_ index: Int, at moment: Moment) {
        watch(index) { $0.throttling.isSlowed(at: moment) }
    }

    /// `total`: uncorrectable errors and Xid events as the driver has counted since it started. The first is where
    /// counting begins; one that is lower means that the driver was restarted.
    package mutating func gpuErrors(_ index: Int, total: Int64, at moment: Moment) {
        watch(index) {
            let new = $0.errorCount.map { known in total >= known ? total - known : total } ?? 0
            $0.errorCount = total
            guard new > 0 else { return }
            if $0.errors.value(at: moment.monotonic) < 0.1 { $0.errorsSince = moment.wall }
            $0.errors.add(Double(min(new, 100)), at: moment.monotonic)
        }
    }

    /// The connection broke, or the node fell silent.
    package mutating func connectionLost(at moment: Moment) {
        if losses.value(at: moment.monotonic) < 0.1 { lossesSince = moment.wall }
        losses.add(1, at: moment.monotonic)
        connected()
    }

    /// It is connected anew: the gap before its next heartbeat is no jitter.
    package mutating func connected() { lastHeartbeat = nil }

    package mutating func attemptEnded(isFailure: Bool, at moment: Moment) {
        failures.observe(isFailure: isFailure, at: moment)
    }

    /// What is known comes to at `time`. High from a risk of 0.7 on, and until it is below 0.5; elevated from 0.3 on, and
    /// until it is below 0.2.
    package mutating func assess(at time: MonotonicTime) -> RiskAssessment {
        let evidence = self.evidence(at: time).sorted {
            $0.risk == $1.risk ? $0.metric.text < $1.metric.text : $0.risk > $1.risk
        }
        let risk = 1 - evidence.reduce(1) { $0 * (1 - $1.risk) }
        let (high, elevated) = (Self.highRisk, Self.elevatedRisk)
        if risk >= (level == .high ? high.until : high.from) {
            level = .high
        } else {
            level = risk >= (level == .normal ? elevated.from : elevated.until) ? .elevated : .normal
        }
        return RiskAssessment(level: level, risk: risk, evidence: evidence)
    }

    private mutating func watch(_ index: Int, _ change: (inout GPUWatch) -> Void) {
        guard gpus[index] != nil || gpus.count < Self.gpuLimit else { return }
        change(&gpus[index, default: GPUWatch(temperature: MetricWatch(.gpuTemperature(index: index)))])
    }

    private func evidence(at time: MonotonicTime) -> [RiskEvidence] {
        let unusual = [
            cpu.evidence(at: time, unit: " %"), memory.evidence(at: time, unit: " %"),
            roundTrip.evidence(at: time, unit: " ms"), heartbeat.evidence(at: time, unit: " ms apart"),
            temperature.evidence(at: time, unit: " °C"),
        ]
        let facts = [
            diskEvidence, memoryEvidence, lossEvidence(at: time), failures.evidence(at: time),
            throttling.evidence(of: .throttling, at: time),
        ]
        return (unusual + facts + gpus.flatMap { gpuEvidence($0.key, $0.value, at: time) }).compactMap(\.self)
    }

    /// From a day on, and certain at an hour, in equal steps for each halving.
    private var diskEvidence: RiskEvidence? {
        guard let seconds = disk.secondsToFull, let since = disk.fallingSince else { return nil }
        let hours = max(seconds / 3_600, 0.01)
        let risk = min(1, Mathematics.log(24 / hours) / Mathematics.log(24))
        guard risk > 0 else { return nil }
        return RiskEvidence(
            metric: .disk, risk: 0.9 * risk, since: since,
            detail: "full in \(hours.rounded(toPlaces: 1)) h at this rate")
    }

    /// Whatever is usual there: the kernel ends processes soon.
    private var memoryEvidence: RiskEvidence? {
        guard let percent = memory.latest, percent >= 95, let since = memory.latestSince else { return nil }
        return RiskEvidence(
            metric: .memory, risk: 0.1 * (percent - 95), since: since,
            detail: "\(percent.rounded(toPlaces: 1)) % in use")
    }

    /// Once is an accident; the third time within ten minutes is a habit.
    private func lossEvidence(at time: MonotonicTime) -> RiskEvidence? {
        let count = losses.value(at: time)
        guard count > 1.2, let lossesSince else { return nil }
        return RiskEvidence(
            metric: .connection, risk: 0.9 * (1 - Mathematics.exp((1.2 - count) / 1.5)), since: lossesSince,
            detail: "lost \(Int(count.rounded(.up))) times lately")
    }

    private func gpuEvidence(_ index: Int, _ gpu: GPUWatch, at time: MonotonicTime) -> [RiskEvidence?] {
        let errors = gpu.errors.value(at: time)
        return [
            gpu.temperature.evidence(at: time, unit: " °C"),
            gpu.throttling.evidence(of: .gpuThrottling(index: index), at: time),
            errors < 0.1
                ? nil
                : RiskEvidence(
                    metric: .gpuErrors(index: index), risk: 0.9 * min(1, errors),
                    since: gpu.errorsSince ?? Timestamp(microseconds: 0),
                    detail: "\(Int(errors.rounded(.up))) uncorrectable or Xid lately"),
        ]
    }
}
