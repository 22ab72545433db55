package import GridModel

/// Which generation of the grid's authority signs, which are believed, and what of them must lie in the folder.
///
/// - `steady`: `current` signs. It and the next, whose key is made already, are believed by everybody, so that the next
///   can begin to sign at any moment. → overlapping (`begin`)
/// - `overlapping`: what was next signs; the one before is still believed, so that whoever shows its certificates goes on
///   until it has new ones, and another next is made. → steady (`retire`)
///
/// The state itself is one small file that is replaced whole: that is the moment at which a change happens. What must be
/// there before is made before, what is not needed any more is removed after, and both follow from the state and from
/// what is found. So a process that was killed at any step goes on where it was, or as if it had not begun.
package struct AuthorityRotation: Sendable, Hashable {
    /// Whether one authority signs alone, or the one before is believed beside it.
    package enum Phase: Sendable, Hashable {
        case steady
        case overlapping(since: Timestamp)
    }

    /// One file of the authority's folder, by generation.
    package enum File: Sendable, Hashable {
        case key(Int), certificate(Int)
        /// The key of this generation, signed by the one before: for those who know only that one.
        case crossCertificate(Int)
    }

    /// One change of the folder. Between any two the process may die.
    package enum Step: Sendable, Hashable {
        case make(File)
        /// Replaces the state's file.
        case keepState
        case remove(File)
    }

    /// Counts from 1.
    package private(set) var current: Int
    package private(set) var phase: Phase

    package init(current: Int = 1, phase: Phase = .steady) {
        precondition(current >= 1 && (phase == .steady || current >= 2), "no authority \(current) can be \(phase)")
        self.current = current
        self.phase = phase
    }

    package var next: Int { current + 1 }
    /// The one that is believed but signs no more.
    package var previous: Int? { phase == .steady ? nil : current - 1 }
    /// The first of them signs.
    package var believed: [Int] { [current, next] + (previous.map { [$0] } ?? []) }

    /// The next begins to sign. False, and nothing changes, while the last rotation is not over: those who know only the
    /// one before would be left outside.
    package mutating func begin(at now: Timestamp) -> Bool {
        guard phase == .steady else { return false }
        current = next
        phase = .overlapping(since: now)
        return true
    }

    /// The one before is believed no more. False when there is none.
    package mutating func retire() -> Bool {
        guard phase != .steady else { return false }
        phase = .steady
        return true
    }

    // MARK: the folder

    /// What must lie in the folder in this state.
    package var files: Set<File> {
        var files: Set<File> = [.key(current), .certificate(current), .key(next), .certificate(next)]
        if let previous {
            files.insert(.certificate(previous))
            files.insert(.crossCertificate(current))
        }
        return files
    }

    /// Everything to be done, in order, so that the folder goes from what was found to this state. The key that signed
    /// until now is needed for the last time by the cross certificate, and goes at once.
    package func steps(found: Set<File>) -> [Step] {
        let missing = files.subtracting(found).sorted { $0.order < $1.order }
        return missing.map(Step.make) + [.keepState] + leftovers(found: found).map(Step.remove)
    }

    /// What was found and belongs to no state that still is.
    package func leftovers(found: Set<File>) -> [File] {
        found.subtracting(files).sorted { $0.order < $1.order }
    }

    /// Whether the one before may go: when nothing in use is signed by it any more, and no sooner than `shortest`
    /// after the change; at the latest after `longest`, when whoever is left has to come in anew.
    package func isDue(certificatesOfPrevious count: Int, at now: Timestamp, shortest: Int64, longest: Int64) -> Bool {
        guard case .overlapping(let since) = phase else { return false }
        let age = (now.microseconds - since.microseconds) / 1_000_000
        return age >= longest || (count == 0 && age >= shortest)
    }
}

extension AuthorityRotation.File {
    /// A key before its certificate, both before what they sign.
    fileprivate var order: Int {
        switch self {
        case .key(let generation): generation * 3
        case .certificate(let generation): generation * 3 + 1
        case .crossCertificate(let generation): generation * 3 + 2
        }
    }

    package var name: String {
        switch self {
        case .key(let generation): Self.stem(generation) + ".key"
        case .certificate(let generation): Self.stem(generation) + ".pem"
        case .crossCertificate(let generation): Self.stem(generation) + "-cross.pem"
        }
    }

    /// Nil for any other file.
    package init?(name: String) {
        let found = [".key", "-cross.pem", ".pem"].first { name.hasSuffix($0) }
        guard let suffix = found else { return nil }
        let stem = name.dropLast(suffix.count)
        let generation = stem == "ca" ? 1 : stem.hasPrefix("ca-") ? Int(stem.dropFirst(3)) ?? 0 : 0
        guard generation >= 1, Self.stem(generation) == stem else { return nil }
        switch suffix {
        case ".key": self = .key(generation)
        case ".pem": self = .certificate(generation)
        default: self = .crossCertificate(generation)
        }
    }

    private static func stem(_ generation: Int) -> String { generation == 1 ? "ca" : "ca-\(generation)" }
}
