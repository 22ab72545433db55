import ArgumentParser
import GridLogic

/// Scores a recorded metric with the very detector that watches the nodes, sample by sample as they would have come.
struct PredictCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "predict", "Score each sample of a recorded metric by how unusual it is.",
        examples: [
            "predict --input cpu.csv --output scores.csv",
            "predict --input cpu.csv.gz --output scores.csv -o json",
        ],
        discussion: """
            The input's first line names the columns, timestamp and value among them; the output has both and \
            anomaly_score, from 0 to 1. From \(AnomalyDetector.alarmScore) on a sample is worth a look. A score depends \
            on earlier samples alone, never on the length of the file: the probationary part is scored as well, and \
            left out only where alarms are counted.
            """)

    @Option(help: ArgumentHelp("CSV of timestamp and value, plain or gzipped.", valueName: "file"))
    var input: String

    @Option(help: ArgumentHelp("Where the scores go; gzipped when the name ends in .gz.", valueName: "file"))
    var output: String

    @Option(help: ArgumentHelp("The share at the beginning that is for learning: 0 to 1.", valueName: "share"))
    var probationary = 0.15

    /// Short alone: `--output` is the file here.
    @Option(
        name: .customShort("o"), help: ArgumentHelp("How to tell what was found: text or json.", valueName: "format"))
    var format: DocumentFormat = .text

    func validate() throws {
        guard (0..<1).contains(probationary) else {
            throw ValidationError("--probationary is from 0 to less than 1, not \(probationary)")
        }
    }

    func run() async throws {
        let report = try score()
        switch format {
        case .json: Console.stdout.print(report.document(output: output).pretty)
        case .text: Console.stdout.print(report.text)
        }
    }

    /// Reads, scores and writes sample by sample.
    func score() throws -> PredictReport {
        var samples = try MetricFile(path: input)
        var scores = try TextFileWriter(path: output)
        try scores.write(line: "timestamp,value,anomaly_score")
        var detector = AnomalyDetector()
        var alarms: [Int] = []
        var rows = 0
        var missing = 0
        var scoring = Duration.zero
        let clock = ContinuousClock()
        while let sample = try samples.next() {
            try Task.checkCancellation()
            let start = clock.now
            let score = detector.read(sample.number, at: sample.seconds).score
            scoring += clock.now - start
            if score >= AnomalyDetector.alarmScore { alarms.append(rows) }
            if !sample.number.isFinite { missing += 1 }
            rows += 1
            try scores.write(line: "\(sample.timestamp),\(sample.value),\((score * 1e6).rounded() / 1e6)")
        }
        try scores.finish()
        let learning = Int(Double(rows) * probationary)
        return PredictReport(
            rows: rows, missing: missing, learning: learning, alarms: alarms.count { $0 >= learning },
            microsecondsPerSample: rows == 0 ? 0 : scoring / .microseconds(rows), bytes: detector.byteCount)
    }
}

/// What became of one file.
struct PredictReport: Hashable {
    let rows: Int
    /// Of these, rows without a number: scored 0, and not learnt.
    let missing: Int
    let learning: Int
    let alarms: Int
    let microsecondsPerSample: Double
    let bytes: Int

    var text: String {
        let none = missing == 0 ? "" : ", \(missing) without a number"
        let each = (microsecondsPerSample * 10).rounded() / 10
        return
            "\(rows) samples\(none); \(alarms) with a score of \(AnomalyDetector.alarmScore) or more after the first "
            + "\(learning); \(each) µs a sample, \(TimeText.bytes(Int64(bytes)))"
    }

    func document(output: String) -> JSONValue {
        .object([
            "output": .string(output), "samples": JSONValue(rows), "without_number": JSONValue(missing),
            "probationary_samples": JSONValue(learning), "alarms": JSONValue(alarms),
            "alarm_score": .double(AnomalyDetector.alarmScore),
            "microseconds_per_sample": .double(microsecondsPerSample),
            "bytes_per_metric": JSONValue(bytes),
        ])
    }
}
