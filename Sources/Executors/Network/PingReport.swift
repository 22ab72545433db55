/// What `ping` printed, on Linux (iputils, busybox) and Darwin alike.
struct PingReport: NetworkReport, Hashable {
    var sent = 0
    var received = 0
    var lossPercent = 100.0
    /// Milliseconds; nil when nothing came back.
    var min: Double?
    var average: Double?
    var max: Double?

    init(_ text: String) {
        for line in text.split(separator: "\n") {
            if line.contains("packet loss") { readCounts(line) }
            if line.contains("min/avg/max") { readTimes(line) }
        }
    }

    var isReached: Bool { received > 0 }

    func failure(host: String) -> String { "no answer from \(host)" }

    func json(host: String, error: String) -> JSONValue {
        func time(_ value: Double?) -> JSONValue { value.map(JSONValue.number) ?? .null }
        return .object([
            "check": .string("ping"), "host": .string(host), "ok": .bool(isReached), "sent": .integer(sent),
            "received": .integer(received), "loss_percent": .number(lossPercent), "min_ms": time(min),
            "avg_ms": time(average), "max_ms": time(max), "error": error.isEmpty ? .null : .string(error),
        ])
    }

    /// `4 packets transmitted, 4 received, 0% packet loss, time 3004ms`; Darwin says `4 packets received`.
    private mutating func readCounts(_ line: Substring) {
        for part in line.split(separator: ",") {
            let words = part.split(separator: " ")
            guard let first = words.first else { continue }
            if part.contains("transmitted") { sent = Int(first) ?? 0 }
            if part.contains("received") { received = Int(first) ?? 0 }
            if part.contains("packet loss") { lossPercent = Double(first.filter { $0 != "%" }) ?? 100 }
        }
    }

    /// `rtt min/avg/max/mdev = 0.030/0.041/0.052/0.008 ms`
    private mutating func readTimes(_ line: Substring) {
        guard let equals = line.lastIndex(of: "=") else { return }
        let values = line[line.index(after: equals)...].split(whereSeparator: { $0 == "/" || $0 == " " })
            .compactMap { Double($0) }
        guard values.count >= 3 else { return }
        (min, average, max) = (values[0], values[1], values[2])
    }
}
