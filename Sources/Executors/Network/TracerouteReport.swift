/// What `traceroute -n -q 1` printed.
struct TracerouteReport: NetworkReport, Hashable {
    struct Hop: Hashable {
        var number: Int
        /// Nil when it did not answer.
        var address: String?
        var milliseconds: Double?
    }

    var target: String?
    var hops: [Hop] = []

    init(_ text: String) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            if words.first == "traceroute", let open = line.firstIndex(of: "("), let close = line.firstIndex(of: ")") {
                target = String(line[line.index(after: open)..<close])
            } else if let first = words.first, let number = Int(first) {
                let answered = words.count > 1 && words[1] != "*"
                hops.append(
                    Hop(
                        number: number, address: answered ? words[1] : nil,
                        milliseconds: answered && words.count > 2 ? Double(words[2]) : nil))
            }
        }
    }

    /// The last hop that answered is the host itself.
    var isReached: Bool { target != nil && hops.last?.address == target }

    func failure(host: String) -> String { "\(host) was not reached in \(hops.count) hops" }

    func json(host: String, error: String) -> JSONValue {
        .object([
            "check": .string("traceroute"), "host": .string(host), "ok": .bool(isReached),
            "address": target.map(JSONValue.string) ?? .null,
            "hops": .array(
                hops.map { hop in
                    .object([
                        "hop": .integer(hop.number), "address": hop.address.map(JSONValue.string) ?? .null,
                        "ms": hop.milliseconds.map(JSONValue.number) ?? .null,
                    ])
                }), "error": error.isEmpty ? .null : .string(error),
        ])
    }
}
