import Testing

@testable import noizylab

struct TopologyDrawingTests {
    private func branch(_ name: String, _ state: String = "online", medium: String = "wired") -> TopologyDrawing.Branch
    {
        .init(
            name: name, state: state, link: "agent", address: "192.168.1.21", roundTrip: 0.42, jitter: 0.053,
            megabits: nil, medium: medium, encryption: "TLS 1.3")
    }

    private func drawing(_ branches: TopologyDrawing.Branch...) -> TopologyDrawing {
        TopologyDrawing(cluster: "NOIZYLAB", coordinator: "M2-Ultra", branches: branches)
    }

    @Test func `lines lead from the coordinator to each node, and say what they are`() {
        var far = branch("日本", medium: "wireless")
        far.megabits = 940
        let lines = drawing(branch("Mac-Pro"), branch("HP-OMEN", "offline"), far).lines(width: nil, style: .plain)

        #expect(
            lines == [
                "M2-Ultra  coordinator of NOIZYLAB",
                "├── Mac-Pro  online  agent, 192.168.1.21, 0.42 ± 0.05 ms, wired, TLS 1.3",
                "├·· HP-OMEN  offline  agent, 192.168.1.21, 0.42 ± 0.05 ms, wired, TLS 1.3",
                "└∿∿ 日本     online  agent, 192.168.1.21, 0.42 ± 0.05 ms, 940.0 Mbit/s seen, wireless, TLS 1.3",
            ])
    }

    @Test func `a grid of one says so`() {
        #expect(drawing().lines(width: nil, style: .plain).last == "└── no other node")
    }

    @Test(arguments: [1, 5, 10, 20, 40, 80, 200])
    func `no line is wider than the terminal, unless a name alone is`(_ width: Int) {
        let lines = drawing(branch("Mac-Pro"), branch("日本日本")).lines(width: width, style: .plain)

        #expect(lines.dropFirst().allSatisfy { DisplayWidth.of($0) <= max(width, 4 + 8) })
        #expect(DisplayWidth.of(lines[0]) <= width)
    }

    @Test func `what a machine calls itself moves no cursor, and takes no more than its column`() {
        let hostile = branch("\u{1B}[2J\n" + String(repeating: "x", count: 500), "online\r", medium: "\u{7}")
        let lines = drawing(branch("a"), hostile).lines(width: nil, style: .plain)

        #expect(lines.count == 3)
        #expect(lines.joined().unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F })
        #expect(lines[2].contains("␛[2J␊xxx"))
    }

    @Test func `figures that are none are not drawn as some`() {
        var odd = branch("a")
        odd.roundTrip = .nan
        #expect(drawing(odd).lines(width: nil, style: .plain)[1].contains("0.0 ± 0.05 ms"))
    }
}
