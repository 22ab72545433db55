import Testing

@testable import noizylab

/// What tasks print is hostile until shown otherwise.
struct TerminalTextTests {
    static let hostile: [(bytes: [UInt8], shown: String)] = [
        (Array("plain\ttext\n".utf8), "plain\ttext\n"),
        (Array("progress 1%\rprogress 2%\r\n".utf8), "progress 1%\rprogress 2%\r\n"),
        (Array("\u{1B}[31mred\u{1B}[0m".utf8), "␛[31mred␛[0m"),
        (Array("\u{1B}]0;title\u{07}".utf8), "␛]0;title␇"),
        (Array("\u{1B}]52;c;ZXZpbA==\u{07}".utf8), "␛]52;c;ZXZpbA==␇"),
        (Array("\u{1B}[2J\u{1B}[H\u{1B}c".utf8), "␛[2J␛[H␛c"),
        (Array("\u{1B}P$q\"p\u{1B}\\".utf8), "␛P$q\"p␛\\"),
        (Array("bell\u{07} back\u{08} null\u{00} delete\u{7F}".utf8), "bell␇ back␈ null␀ delete␡"),
        ([0xC2, 0x9B, 0x33, 0x31, 0x6D], "<9b>31m"),
        ([0x9B, 0x33, 0x31, 0x6D], "\u{FFFD}31m"),
        (Array("file\u{202E}gpj.exe".utf8), "file<202e>gpj.exe"),
        (Array("a\u{2066}b\u{2069}".utf8), "a<2066>b<2069>"),
        (Array("zero\u{200B}width".utf8), "zero<200b>width"),
        (Array("tag\u{E0041}".utf8), "tag<e0041>"),
        ([0xFF, 0xFE, 0x41], "\u{FFFD}\u{FFFD}A"),
        ([0xC0, 0x80], "\u{FFFD}\u{FFFD}"),
        ([0xED, 0xA0, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"),
        (Array("grüße 日本 👍🏽 e\u{301}".utf8), "grüße 日本 👍🏽 e\u{301}"),
    ]

    @Test(arguments: hostile.indices)
    func `nothing reaches the terminal but text`(index: Int) {
        let (bytes, shown) = Self.hostile[index]
        var filter = TerminalText()

        #expect(filter.take(bytes) + filter.finish() == shown)
    }

    @Test(arguments: hostile.indices)
    func `it does not matter where the pieces are cut`(index: Int) {
        let (bytes, shown) = Self.hostile[index]
        var filter = TerminalText()
        var text = ""
        for byte in bytes { text += filter.take([byte]) }

        #expect(text + filter.finish() == shown)
    }

    @Test func `no byte at all passes as a control character`() {
        for first in UInt8.min...UInt8.max {
            for second: UInt8 in [0x1B, 0x5B, 0x80, 0x9B, 0xC2, 0x41] {
                var filter = TerminalText()
                let text = filter.take([first, second]) + filter.finish()
                #expect(
                    !text.unicodeScalars.contains {
                        ($0.value < 0x20 && ![9, 10, 13].contains($0.value)) || (0x7F...0x9F).contains($0.value)
                    })
            }
        }
    }

    @Test func `in a table everything is one line`() {
        #expect(TerminalText.oneLine("a\nb\tc\r") == "a␊b␉c␍")
    }
}
