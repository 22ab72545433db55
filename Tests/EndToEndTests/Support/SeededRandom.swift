import Foundation

/// Chance that can be replayed (SplitMix64). Fault tests print the seed; `NOIZYLAB_SEED` gives it back.
struct SeededRandom: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    /// The seed of the environment, else a fresh one; printed either way.
    static func announced(for test: String) -> SeededRandom {
        let given = ProcessInfo.processInfo.environment["NOIZYLAB_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 1...999_999)
        print("seed of \(test): NOIZYLAB_SEED=\(seed)")
        return SeededRandom(seed: seed)
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// A number of the environment, for counts that a longer run raises.
func count(_ variable: String, default value: Int) -> Int {
    ProcessInfo.processInfo.environment[variable].flatMap { Int($0) } ?? value
}
