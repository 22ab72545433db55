/// A metric as a file: a first line that names the columns, `timestamp` and `value` among them, then a line for each
/// sample.
struct MetricFile: ~Copyable {
    struct Sample {
        /// As they stand in the file.
        let timestamp: Substring
        let value: Substring
        /// Since 1970.
        let seconds: Int64
        /// NaN where the file has none: an empty field, or `NaN`.
        let number: Double
    }

    private var file: TextFile
    private let timestampColumn: Int
    private let valueColumn: Int

    init(path: String) throws(CommandFailure) {
        var file = try TextFile(path: path)
        let columns = (try file.nextLine() ?? "").split(separator: ",", omittingEmptySubsequences: false)
            .map(Self.trimmed)
        guard let timestamp = columns.firstIndex(of: "timestamp"), let value = columns.firstIndex(of: "value") else {
            throw CommandFailure(
                .usage, "line 1 of '\(path)' does not name the columns timestamp and value",
                try: "a first line that reads: timestamp,value")
        }
        self.file = file
        timestampColumn = timestamp
        valueColumn = value
    }

    /// The next sample; nil after the last one. Throws for a line that is none, naming it. Empty lines are passed over.
    mutating func next() throws(CommandFailure) -> Sample? {
        while let line = try file.nextLine() {
            guard !line.isEmpty else { continue }
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count > max(timestampColumn, valueColumn) else {
                throw fault(
                    "has \(fields.count) fields, where timestamp and value are \(timestampColumn + 1) and \(valueColumn + 1)"
                )
            }
            let timestamp = Self.trimmed(fields[timestampColumn])
            let value = Self.trimmed(fields[valueColumn])
            guard let seconds = TimestampText.seconds(timestamp) else {
                throw fault("'\(timestamp)' is no time: write 2026-11-22 22:18:09, or seconds since 1970")
            }
            guard let number = value.isEmpty ? .nan : Double(value) else {
                throw fault("'\(value)' is no number")
            }
            return Sample(timestamp: timestamp, value: value, seconds: seconds, number: number)
        }
        return nil
    }

    private func fault(_ what: String) -> CommandFailure {
        CommandFailure(
            .failure, "line \(file.lineNumber) of '\(file.path)': \(what)",
            try: "sed -n \(file.lineNumber)p '\(file.path)', and the line mended")
    }

    /// Without blanks and quotes around it.
    private static func trimmed(_ field: Substring) -> Substring {
        func isPadding(_ character: Character) -> Bool { character == " " || character == "\t" || character == "\"" }
        var rest = field.drop(while: isPadding)
        while let last = rest.last, isPadding(last) { rest.removeLast() }
        return rest
    }
}
