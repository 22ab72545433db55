import Foundation
import GridModel

/// Chance that can be replayed, and the ways in which it damages bytes. Fuzz and fault tests print the seed;
/// `NOIZYLAB_SEED` gives it back.
package struct SeededChance: RandomNumberGenerator, Sendable {
    package let seed: UInt64
    private var source: SplitMix64

    package init(seed: UInt64) {
        self.seed = seed
        source = SplitMix64(seed: seed)
    }

    /// The seed of the environment, else a fresh one; printed either way.
    package static func announced(for test: String) -> SeededChance {
        let given = ProcessInfo.processInfo.environment["NOIZYLAB_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 1...999_999)
        print("seed of \(test): NOIZYLAB_SEED=\(seed)")
        return SeededChance(seed: seed)
    }

    package mutating func next() -> UInt64 { source.next() }

    /// One to four of: a byte flipped, replaced, left out, repeated or put in; a cut; a piece moved to another place.
    package mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &self) {
            guard !bytes.isEmpty else { return bytes }
            let place = Int.random(in: 0..<bytes.count, using: &self)
            switch Int.random(in: 0..<7, using: &self) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 1:
                bytes[place] = [0, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &self)].randomElement(
                    using: &self)!
            case 2: bytes.remove(at: place)
            case 3: bytes.insert(bytes[place], at: place)
            case 4: bytes.insert(UInt8.random(in: 0...255, using: &self), at: place)
            case 5: bytes.removeLast(bytes.count - place)
            default:
                let end = Int.random(in: place...min(bytes.count, place + 40), using: &self)
                let piece = Array(bytes[place..<end])
                bytes.removeSubrange(place..<end)
                bytes.insert(contentsOf: piece, at: Int.random(in: 0...bytes.count, using: &self))
            }
        }
        return bytes
    }
}
