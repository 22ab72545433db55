import GridModel
import Testing

@testable import noizylab

/// Durations, sizes and names as people write them.
struct TextParsersTests {
    @Test(arguments: [
        ("500ms", 500), ("30s", 30_000), ("10m", 600_000), ("1h", 3_600_000), ("2d", 172_800_000),
        ("1h30m", 5_400_000), ("1.5s", 1_500), ("0s", 0), ("1m5s250ms", 65_250),
    ])
    func `a span of time is read`(text: String, milliseconds: Int64) {
        #expect(DurationText.milliseconds(text) == milliseconds)
    }

    @Test(arguments: [
        "", "30", "s", "-5s", "5 s", "5S", "1e9s", ".5s", "1..5s", "soon", "999999999999d", "٣s", "1h ", "nan", "1h-5m",
    ])
    func `what is no span of time is refused`(text: String) {
        #expect(DurationText.milliseconds(text) == nil)
    }

    @Test(arguments: [(0, "0s"), (500, "500ms"), (90_000, "1m30s"), (86_400_000, "1d"), (3_661_001, "1h1m1s1ms")])
    func `a span of time is written as it would be read`(milliseconds: Int64, text: String) {
        #expect(DurationText.text(milliseconds: milliseconds) == text)
        #expect(DurationText.milliseconds(text) == milliseconds)
    }

    @Test(arguments: [
        ("2GiB", 2_147_483_648), ("512MB", 512_000_000), ("512MiB", 536_870_912), ("100B", 100), ("1.5KiB", 1_536),
        ("1 TiB", 1_099_511_627_776), ("0B", 0),
    ])
    func `an amount of bytes is read`(text: String, bytes: Int64) {
        #expect(SizeText.bytes(text) == bytes)
    }

    @Test(arguments: ["", "2", "2G", "GiB", "-1GiB", "2gib", "99999999999TiB", "1e3B", "lots"])
    func `what is no amount of bytes is refused`(text: String) {
        #expect(SizeText.bytes(text) == nil)
    }

    @Test(arguments: [
        ("lisen", "listen"), ("clutser", "cluster"), ("Mac-pro", "Mac-Pro"), ("shel", "shell"), ("HP-OMAN", "HP-OMEN"),
    ])
    func `the name that was meant is found`(typed: String, meant: String) {
        let known = ["listen", "edge", "cluster", "Mac-Pro", "HP-OMEN", "shell", "python"]
        #expect(NearestName.to(typed, among: known) == meant)
    }

    @Test(arguments: ["quux", "", "x", "completely-different"])
    func `a name that nobody meant suggests nothing`(typed: String) {
        #expect(NearestName.to(typed, among: ["listen", "cluster", "Mac-Pro"]) == nil)
    }

    @Test(arguments: [("", "abc", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("abc", "ab", 1), ("kitten", "sitting", 3)])
    func `edits are counted`(left: String, right: String, distance: Int) {
        #expect(NearestName.distance(left, right) == distance)
        #expect(NearestName.distance(right, left) == distance)
    }

    @Test(arguments: [
        ("studio.lan", "studio"), ("My Mac.local", "My-Mac"), ("", "this-machine"), ("-x", "this-machine"),
        ("ünï", "this-machine"),
    ])
    func `a machine's name becomes a node's`(host: String, node: String) {
        #expect(GridConfig.nodeName(from: host) == node)
    }
}
