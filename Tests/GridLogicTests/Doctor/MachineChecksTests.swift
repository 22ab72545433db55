import GridLogic
import Testing

struct MachineChecksTests {
    @Test(arguments: [
        (MachineChecks.Port.State.ours, Finding.Level.ok), (.free, .ok), (.taken, .failed), (.deaf("refused"), .failed),
    ])
    func `a port is ours, free, or a failure that names who to ask`(
        _ state: MachineChecks.Port.State, _ level: Finding.Level
    ) throws {
        let found = MachineChecks.ports(
            [.init(key: "coordinator.listen", place: "0.0.0.0:50051", port: 50_051, state: state)], isDarwin: false)

        let finding = try #require(found.first)
        #expect(found.count == 1)
        #expect(finding.check == .ports)
        #expect(finding.level == level)
        #expect(finding.remedy.isEmpty == (level == .ok))
        if state == .taken { #expect(finding.remedy.hasPrefix("ss -ltnp 'sport = :50051'")) }
    }

    private func mode(
        _ path: String, _ mode: UInt32, isFolder: Bool = false, isKey: Bool = false, isOwn: Bool = true
    ) -> MachineChecks.Mode {
        .init(path: path, mode: mode, isFolder: isFolder, isKey: isKey, isOwn: isOwn)
    }

    @Test func `the home and every key are closed, what lies below a closed home may be as it is`() {
        let modes = [
            mode("/h", 0o700, isFolder: true), mode("/h/pki", 0o755, isFolder: true),
            mode("/h/pki/key.pem", 0o600, isKey: true),
            mode("/h/log/a.log", 0o644),
        ]

        #expect(MachineChecks.modes(modes, home: "/h").map(\.level) == [.ok])
        #expect(MachineChecks.toRepair(modes, home: "/h").isEmpty)
    }

    @Test func `an open key, an open home and what its owner cannot use are told one by one`() {
        let modes = [
            mode("/h", 0o755, isFolder: true), mode("/h/pki/key.pem", 0o640, isKey: true),
            mode("/h/store/grid.sqlite", 0o400),
            mode("/h/fine", 0o600),
        ]

        let found = MachineChecks.modes(modes, home: "/h")

        #expect(found.map(\.level) == [.failed, .failed, .failed])
        #expect(found[1].text == "the private key /h/pki/key.pem can be opened by other users (mode 0640)")
        #expect(found[1].remedy == "chmod 600 /h/pki/key.pem, or noizylab doctor --repair")
        #expect(MachineChecks.toRepair(modes, home: "/h").map(\.wanted) == [0o700, 0o600, 0o600])
    }

    @Test func `another user's file is told, and not repaired`() {
        let modes = [mode("/h", 0o700, isFolder: true), mode("/h/key.pem", 0o644, isKey: true, isOwn: false)]

        #expect(MachineChecks.modes(modes, home: "/h").map(\.level) == [.failed])
        #expect(MachineChecks.modes(modes, home: "/h")[0].remedy == #"sudo chown -R "$(id -un)" /h"#)
        #expect(MachineChecks.toRepair(modes, home: "/h").isEmpty)
    }

    @Test func `a path that a shell would take apart is quoted`() {
        let modes = [mode("/it's $HOME/key.pem", 0o644, isKey: true)]

        #expect(MachineChecks.modes(modes, home: "/h")[0].remedy.hasPrefix(#"chmod 600 '/it'\''s $HOME/key.pem', or"#))
    }

    @Test(arguments: [
        (Int64(100) << 30, [Int64(900), 1_200, 80_000], [Finding.Level.ok, .ok]),
        (1 << 30, [1_000], [.warning, .ok]), (100 << 20, [1_000], [.failed, .ok]),
        (100 << 30, [60_000, 70_000, 80_000], [.ok, .warning]), (100 << 30, [], [.ok]),
    ])
    func `room and the middle of the writes decide`(_ free: Int64, _ syncs: [Int64], _ levels: [Finding.Level]) {
        let disk = MachineChecks.Disk(path: "/h", freeBytes: free, totalBytes: 200 << 30, syncs: syncs, failure: "")

        #expect(MachineChecks.disk(disk).map(\.level) == levels)
    }

    @Test func `a disk that takes nothing is a failure, whatever is free`() {
        let disk = MachineChecks.Disk(
            path: "/h", freeBytes: 1 << 40, totalBytes: 1 << 40, syncs: [], failure: "No space left on device")

        #expect(MachineChecks.disk(disk).map(\.level) == [.failed])
    }

    @Test(arguments: [(true as Bool?, Finding.Level.ok), (false, .warning), (nil, .skipped)])
    func `a clock that nobody can judge is skipped, not well`(_ state: Bool?, _ level: Finding.Level) {
        #expect(MachineChecks.clock(isSynchronised: state, source: "chronyc", isDarwin: false).level == level)
    }

    @Test func `descriptors are raised by a command if the hard limit allows it`() {
        #expect(MachineChecks.descriptors(soft: 1_024, hard: 4_096, needed: 1_024).level == .ok)
        let raised = MachineChecks.descriptors(soft: 256, hard: 4_096, needed: 1_024)
        #expect(raised.level == .warning)
        #expect(raised.remedy.hasPrefix("ulimit -n 1024"))
        #expect(MachineChecks.descriptors(soft: 256, hard: 512, needed: 1_024).remedy.contains("limits.conf"))
    }

    @Test func `names that are not known are told with their owner`() {
        let found = MachineChecks.names([
            .init(owner: "node 'Mac-Pro'", name: "mac-pro.lan", failure: "name or service not known"),
            .init(owner: "coordinator.names", name: "grid.lan", failure: nil),
        ])

        #expect(found.map(\.level) == [.failed])
        #expect(found[0].text.hasPrefix("the address 'mac-pro.lan' of node 'Mac-Pro' is not known"))
    }

    @Test func `errno 65 on macOS is a permission, elsewhere nothing is asked`() {
        #expect(MachineChecks.localNetwork(isDarwin: true, tried: "192.168.1.21", errno: 65).level == .failed)
        #expect(MachineChecks.localNetwork(isDarwin: true, tried: "192.168.1.21", errno: 61).level == .ok)
        #expect(MachineChecks.localNetwork(isDarwin: true, tried: nil, errno: 0).level == .skipped)
        #expect(MachineChecks.localNetwork(isDarwin: false, tried: "192.168.1.21", errno: 65).level == .skipped)
    }
}
