/// What a piece of text means; colour repeats what its words already say.
enum Tone: Sendable {
    case plain, heading, good, warning, bad, quiet

    static func ofTask(_ state: String) -> Tone {
        switch state {
        case "succeeded": .good
        case "failed", "timed_out", "lost": .bad
        case "cancelled": .warning
        case "queued", "assigned": .quiet
        default: .plain
        }
    }

    static func ofNode(_ state: String) -> Tone {
        switch state {
        case "online": .good
        case "suspect": .warning
        case "offline": .bad
        default: .quiet
        }
    }
}

/// Whether text is painted.
struct TextStyle: Sendable {
    let isColoured: Bool

    static let plain = TextStyle(isColoured: false)

    func paint(_ text: String, _ tone: Tone) -> String {
        guard isColoured, !text.isEmpty, let code = Self.code(tone) else { return text }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }

    private static func code(_ tone: Tone) -> String? {
        switch tone {
        case .plain: nil
        case .heading: "1"
        case .good: "32"
        case .warning: "33"
        case .bad: "31"
        case .quiet: "2"
        }
    }
}
