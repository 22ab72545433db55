import Foundation

/// What every measurement prints, as a table or as one JSON line with the same names as the peers in `Benchmarks`.
struct BenchReport: Encodable, Sendable {
    struct HopLine: Encodable, Sendable {
        var name: String
        var p50Us: Double
        var p99Us: Double
        var meanUs: Double
    }

    var peer = "noizylab"
    var bench: String
    /// What was asked for: durability, rate and the like.
    var setting: [String: String] = [:]
    var inFlight: Int?
    var count: Int
    var p50Us: Double?
    var p90Us: Double?
    var p99Us: Double?
    var p999Us: Double?
    var maxUs: Double?
    var meanUs: Double?
    var rate: Double?
    var wallS: Double?
    var cpuUsPerOp: Double?
    var cpu: CPUPerTask?
    var hops: [HopLine]?
    /// Anything else that was measured, by name.
    var figures: [String: Double] = [:]
    var failures: [String: Int] = [:]

    init(_ bench: String, count: Int) {
        self.bench = bench
        self.count = count
    }

    init(_ bench: String, _ latency: LatencyHistogram) {
        self.init(bench, count: Int(latency.count))
        func micros(_ share: Double) -> Double { Self.rounded(Double(latency.percentile(share)) / 1000) }
        p50Us = micros(0.5)
        p90Us = micros(0.9)
        p99Us = micros(0.99)
        p999Us = micros(0.999)
        maxUs = Self.rounded(Double(latency.maximum) / 1000)
        meanUs = Self.rounded(latency.mean / 1000)
    }

    init(_ bench: String, _ measurement: TaskMeasurement) {
        self.init(bench, measurement.latency)
        rate = Self.rounded(measurement.rate)
        wallS = measurement.wallSeconds
        cpu = measurement.cpu
        cpuUsPerOp = Self.rounded(measurement.cpu.total)
        failures = measurement.failures
        hops = Hop.allCases.compactMap { hop in
            measurement.hops[hop].map {
                HopLine(
                    name: hop.rawValue, p50Us: Double($0.percentile(0.5)) / 1000,
                    p99Us: Double($0.percentile(0.99)) / 1000, meanUs: Self.rounded($0.mean / 1000))
            }
        }
    }

    static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }

    func print(as format: DocumentFormat) throws {
        switch format {
        case .json:
            let encoder = JSONEncoder()
            encoder.keyEncodingStrategy = .convertToSnakeCase
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            Swift.print(String(decoding: try encoder.encode(self), as: UTF8.self))
        case .text:
            for line in lines() { Swift.print(line) }
        }
    }
}

extension BenchReport {
    private func lines() -> [String] {
        var lines: [String] = []
        func row(_ name: String, _ value: String) { lines.append(Self.padded(name, 34) + value) }
        let settings = setting.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        row(bench, (["\(count)"] + (inFlight.map { ["\($0) in flight"] } ?? []) + settings).joined(separator: ", "))
        if let p50Us, let p90Us, let p99Us, let p999Us, let maxUs {
            let values = [("p50", p50Us), ("p90", p90Us), ("p99", p99Us), ("p99.9", p999Us), ("max", maxUs)]
            row("latency", values.map { "\($0) \(Self.number($1)) µs" }.joined(separator: "   "))
        }
        if let rate { row("rate", "\(Self.number(rate))/s") }
        if let cpu {
            let parts = [
                ("client", cpu.clientMicroseconds), ("coordinator", cpu.coordinatorMicroseconds),
                ("agents", cpu.agentsMicroseconds),
            ]
            row(
                "processor time per task",
                "\(Self.number(cpu.total)) µs: " + parts.map { "\($0) \(Self.number($1))" }.joined(separator: ", "))
        }
        if let hops, !hops.isEmpty {
            lines.append("where the time goes:")
            for hop in hops {
                row("  " + hop.name, "p50 \(Self.number(hop.p50Us)) µs   p99 \(Self.number(hop.p99Us)) µs")
            }
        }
        for (name, value) in figures.sorted(by: { $0.key < $1.key }) { row(name, Self.number(value)) }
        for (why, count) in failures.sorted(by: { $0.key < $1.key }) { row("not succeeded: \(count)", why) }
        return lines
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    /// Whole from 100 up, one decimal below.
    private static func number(_ value: Double) -> String {
        value.magnitude >= 100
            ? String(Int64(value.rounded())) : String(format: "%.1f", value)
    }
}
