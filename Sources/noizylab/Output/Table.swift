/// Rows under headings. On a terminal the headings stand out and rows are cut to its width; in a pipe it is the same
/// text, aligned, plain and whole.
struct Table {
    enum Alignment { case left, right }

    struct Column {
        let title: String
        let alignment: Alignment

        init(_ title: String, _ alignment: Alignment = .left) {
            self.title = title
            self.alignment = alignment
        }
    }

    struct Cell {
        let text: String
        let tone: Tone

        /// Whatever is in the text, it is one harmless line here.
        init(_ text: String, _ tone: Tone = .plain) {
            self.text = TerminalText.oneLine(text)
            self.tone = tone
        }
    }

    let columns: [Column]
    var rows: [[Cell]] = []

    init(_ columns: Column...) { self.columns = columns }
    init(_ columns: [Column]) { self.columns = columns }

    mutating func add(_ cells: Cell...) { add(cells) }

    mutating func add(_ cells: [Cell]) {
        precondition(cells.count == columns.count, "a row of \(cells.count) cells in a table of \(columns.count)")
        rows.append(cells)
    }

    /// `width`: of the terminal; nil never cuts.
    func rendered(style: TextStyle, width: Int? = nil) -> String {
        var widths = columns.map { DisplayWidth.of($0.title) }
        for row in rows {
            for (index, cell) in row.enumerated() { widths[index] = max(widths[index], DisplayWidth.of(cell.text)) }
        }
        if let width, let last = widths.indices.last {
            // The last column holds what is long: it gives way.
            let others = widths.dropLast().reduce(0) { $0 + $1 + Self.gap.count }
            widths[last] = min(widths[last], max(width - others, DisplayWidth.of(columns[last].title), 8))
        }
        var text = line(columns.map { Cell($0.title, .heading) }, widths, style)
        for row in rows { text += line(row, widths, style) }
        return text
    }

    private func line(_ cells: [Cell], _ widths: [Int], _ style: TextStyle) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            let text = DisplayWidth.cut(cell.text, to: widths[index])
            let padding = String(repeating: " ", count: max(0, widths[index] - DisplayWidth.of(text)))
            let isLast = index == cells.count - 1
            let painted = style.paint(text, cell.tone)
            switch columns[index].alignment {
            case .left: line += isLast ? painted : painted + padding
            case .right: line += padding + painted
            }
            if !isLast { line += Self.gap }
        }
        while line.last == " " { line.removeLast() }
        return line + "\n"
    }

    private static let gap = "   "
}
