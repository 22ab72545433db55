import Testing

@testable import noizylab

struct TableTests {
    private var table: Table {
        var table = Table(.init("NODE"), .init("CPU", .right), .init("COMMAND"))
        table.add(.init("M2-Ultra"), .init("7%"), .init("a long command that goes on and on"))
        table.add(.init("x", .bad), .init("100%"), .init("日本"))
        return table
    }

    @Test func `in a pipe it is plain, aligned and whole`() {
        #expect(
            table.rendered(style: .plain) == """
                NODE        CPU   COMMAND
                M2-Ultra     7%   a long command that goes on and on
                x          100%   日本

                """)
    }

    @Test func `on a terminal the last column gives way`() {
        #expect(
            table.rendered(style: .plain, width: 32) == """
                NODE        CPU   COMMAND
                M2-Ultra     7%   a long comman…
                x          100%   日本

                """)
    }

    @Test func `colour is added around the same words`() {
        let painted = table.rendered(style: TextStyle(isColoured: true))
        var bare = painted
        for code in ["1", "31", "0"] { bare = bare.replacing("\u{1B}[\(code)m", with: "") }

        #expect(painted.contains("\u{1B}[31mx\u{1B}[0m"))
        #expect(bare == table.rendered(style: .plain))
    }

    @Test func `a hostile cell stays a cell`() {
        var table = Table(.init("A"), .init("B"))
        table.add(.init("\u{1B}[2J\nnext"), .init("b"))
        #expect(table.rendered(style: .plain).split(separator: "\n").count == 2)
        #expect(!table.rendered(style: .plain).contains("\u{1B}"))
    }

    @Test(arguments: [("abc", 3, "abc"), ("abcdef", 4, "abc…"), ("日本語", 4, "日…"), ("abc", 0, "")])
    func `text is cut to its width`(text: String, width: Int, cut: String) {
        #expect(DisplayWidth.cut(text, to: width) == cut)
    }
}
