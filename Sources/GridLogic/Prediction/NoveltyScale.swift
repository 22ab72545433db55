/// Turns a distance into evidence, by what such distances have been in this very stream: where something new turns up
/// every hour, new means little.
///
/// A distance d is a novelty of 1 - e^(-d/scale), between 0 and 1. The evidence is that novelty times the surprise of
/// it, -log10 of its tail probability among all earlier novelties (the anomaly likelihood of Ahmad et al.,
/// Neurocomputing 262, 2017, for a mean of one sample).
struct NoveltyScale: Sendable {
    private static let surpriseLimit = 8.0
    private static let leastDeviation = 1e-3
    private static let leastCount = 10

    let scale: Double
    let weight: Double
    private var novelties = RunningMoments()

    init(scale: Double, weight: Double) {
        self.scale = scale
        self.weight = weight
    }

    /// 0 ... 8 times the weight.
    mutating func evidence(distance: Double) -> Double {
        let novelty = distance > 0 ? 1 - Mathematics.exp(-distance / scale) : 0
        defer { novelties.insert(novelty) }
        guard novelty > 0, novelties.count >= Self.leastCount else { return 0 }
        let deviations = (novelty - novelties.mean) / max(novelties.deviation, Self.leastDeviation)
        return weight * novelty * min(Mathematics.tailSurprise(deviations), Self.surpriseLimit)
    }
}
