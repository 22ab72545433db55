import ArgumentParser
import Foundation
import GridLogic
import Testing

@testable import noizylab

struct PredictCommandTests {
    /// A calm metric of 1,500 samples with one peak.
    private static let metric: [String] =
        ["timestamp,value"] + (0..<1_500).map { "\(1_400_000_000 + $0 * 300),\($0 == 1_200 ? 95 : 20 + $0 * 7 % 13)" }

    private func predict(_ lines: [String], output name: String = "scores.csv") throws -> [String] {
        try withTemporaryFolder { folder in
            let input = folder.appending(path: "metric.csv")
            let output = folder.appending(path: name)
            try Data(lines.joined(separator: "\n").utf8).write(to: input)
            let command = try PredictCommand.parse(["--input", input.path, "--output", output.path])

            let report = try command.score()

            #expect(report.rows == lines.dropFirst().count { !$0.isEmpty })
            #expect(report.learning == report.rows * 15 / 100)
            #expect(report.bytes < 64 << 10)

            var file = try TextFile(path: output.path)
            var scores: [String] = []
            while let line = try file.nextLine() { scores.append(line) }
            // Nothing half-written stays behind.
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 2)
            return scores
        }
    }

    @Test(arguments: ["scores.csv", "scores.csv.gz"])
    func `every sample comes back with its score`(name: String) throws {
        let scores = try predict(Self.metric, output: name)

        #expect(scores.first == "timestamp,value,anomaly_score")
        #expect(scores.count == Self.metric.count)
        for (line, sample) in zip(scores, Self.metric).dropFirst() { #expect(line.hasPrefix(sample + ",")) }
        let numbers = scores.dropFirst().compactMap { $0.split(separator: ",").last.flatMap { Double($0) } }
        try #require(numbers.count == Self.metric.count - 1)
        #expect(numbers.allSatisfy { (0...1).contains($0) })
        #expect(numbers.enumerated().max { $0.element < $1.element }?.offset == 1_200)
        #expect(numbers[1_200] >= AnomalyDetector.alarmScore)
    }

    @Test func `what comes later changes no score, and neither does the length`() throws {
        let whole = try predict(Self.metric)
        let part = try predict(Array(Self.metric.prefix(1_000)))

        #expect(part == Array(whole.prefix(1_000)))
    }

    @Test func `other columns, quotes, blanks and missing values are put up with`() throws {
        let scores = try predict([
            "host, value ,\"timestamp\"", "a, 5 ,\"2014-04-10 07:15:00\"", "", "a,NaN,2014-04-10 07:20:00",
            "a,,2014-04-10 07:25:00",
        ])

        #expect(
            scores == [
                "timestamp,value,anomaly_score", "2014-04-10 07:15:00,5,0.0", "2014-04-10 07:20:00,NaN,0.0",
                "2014-04-10 07:25:00,,0.0",
            ])
    }

    @Test(arguments: [
        (["time,load"], "does not name the columns timestamp and value"),
        ([], "does not name the columns timestamp and value"),
        (["timestamp,value", "2014-04-10 07:15:00,1", "soon,2"], "line 3 of"),
        (["timestamp,value", "2014-04-10 07:15:00,much"], "'much' is no number"),
        (["timestamp,value", "2014-04-10 07:15:00"], "has 1 fields"),
    ])
    func `a file that is no metric is refused with its line, and nothing is written`(
        lines: [String], message: String
    ) throws {
        try withTemporaryFolder { folder in
            let input = folder.appending(path: "metric.csv")
            try Data(lines.joined(separator: "\n").utf8).write(to: input)
            let command = try PredictCommand.parse([
                "--input", input.path, "--output", folder.appending(path: "scores.csv").path,
            ])

            let failure = #expect(throws: CommandFailure.self) { try command.score() }

            #expect(failure?.message.contains(message) == true)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["metric.csv"])
        }
    }

    @Test func `a place that cannot be written is named`() throws {
        try withTemporaryFolder { folder in
            let input = folder.appending(path: "metric.csv")
            try Data(Self.metric.joined(separator: "\n").utf8).write(to: input)
            let command = try PredictCommand.parse(["--input", input.path, "--output", "/nowhere/scores.csv"])

            let failure = #expect(throws: CommandFailure.self) { try command.score() }

            #expect(failure?.message == "could not write '/nowhere/scores.csv': No such file or directory")
        }
    }

    @Test(arguments: ["-0.1", "1", "nan"])
    func `a share is a share`(text: String) {
        #expect(throws: (any Error).self) {
            _ = try PredictCommand.parse(["--input", "a", "--output", "b", "--probationary=\(text)"])
        }
    }
}
