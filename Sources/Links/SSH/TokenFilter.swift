/// Takes the supervisor's own lines out of an attempt's standard error, wherever they stand. Holds back only what may
/// be the beginning of one.
struct TokenFilter {
    private let token: [UInt8]
    private var held: [UInt8] = []

    init(token: String) { self.token = Array(token.utf8) }

    /// What belongs to the program, and what the supervisor said.
    mutating func take(_ bytes: [UInt8]) -> (output: [UInt8], words: [String]) {
        held += bytes
        var output: [UInt8] = []
        var words: [String] = []
        var start = 0
        while let place = held[start...].firstRange(of: token)?.lowerBound {
            guard let end = held[place...].firstIndex(of: 10) else {
                output += held[start..<place]
                held.removeFirst(place)
                return (output, words)
            }
            output += held[start..<place]
            words.append(String(decoding: held[(place + token.count)..<end], as: UTF8.self))
            start = end + 1
        }
        let kept = tail(from: start)
        output += held[start..<(held.count - kept)]
        held.removeFirst(held.count - kept)
        return (output, words)
    }

    /// At the end: what was held back after all.
    mutating func rest() -> [UInt8] {
        defer { held = [] }
        return held
    }

    /// How many of the last bytes are a beginning of the token.
    private func tail(from start: Int) -> Int {
        for count in stride(from: min(token.count - 1, held.count - start), to: 0, by: -1)
        where held.suffix(count).elementsEqual(token.prefix(count)) {
            return count
        }
        return 0
    }
}
