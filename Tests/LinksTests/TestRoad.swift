import Executors
import Foundation
import GridModel
import Links
import Synchronization
import TestSupport
import Testing
import WinRM

/// A way to run attempts that the conformance suite can try: this machine, this machine over SSH, and over WinRM a
/// program that stands in for a Windows host.
enum RoadKind: String, CaseIterable, Sendable {
    case local, ssh, winrm

    /// Cancels the test case where what it needs is not there.
    func check() throws {
        switch self {
        case .local: break
        case .ssh: if LoopbackSSH.program == nil { try Test.cancel("sshd is not installed") }
        case .winrm: if !StrictServer.isThere { try Test.cancel("\(StrictServer.skipping)") }
        }
    }
}

/// An open road, with what belongs to it.
final class TestRoad: Sendable {
    let runner: any NodeRunner
    let ssh: LoopbackSSH?
    let windows: StrictServer?
    let road: (any Road)?
    let samples = Mutex(0)
    let gpus = Mutex<[GPUSample]>([])
    let closed = Mutex<RoadFailure?>(nil)
    let inventory = Mutex<NodeInventory?>(nil)
    private let tag = "test-\(UUID().uuidString.prefix(8))"
    private let processes: NodeExecutor
    private let service: (@Sendable () async -> Void)?
    private let folder: String
    private let next = Mutex<UInt64>(1)

    private init(_ kind: RoadKind, _ serverArguments: [String], password: String) throws {
        folder = "/tmp/noizylab-road-\(UUID().uuidString.prefix(8))"
        processes = NodeExecutor(
            settings: ExecutorSettings(
                node: NodeName(checked: "test"), workFolder: "\(folder)/w", recordsFolder: "\(folder)/r"))
        if kind == .winrm {
            let server = try StrictServer(serverArguments)
            let port = server.httpPort
            let road = WinRMRoad(node: WinRMNode(name: NodeName(checked: "test"), tag: tag), timers: processes) {
                WinRMSettings(
                    host: "127.0.0.1", port: port, isSecure: false, user: StrictServer.user,
                    password: WinRMPassword(password))
            }
            (ssh, windows, self.road, runner, service) = (nil, server, road, road.runner, { await road.run() })
            return
        }
        guard kind == .ssh else {
            (runner, ssh, windows, road, service) = (processes, nil, nil, nil, nil)
            return
        }
        let ssh = try LoopbackSSH()
        let settings = SSHSettings(
            node: NodeName(checked: "test"), address: "127.0.0.1", port: ssh.port, key: ssh.key,
            knownHosts: ssh.knownHosts, tag: tag, socketFolder: folder)
        let road = SSHRoad(
            settings: settings, processes: processes, environment: BaseEnvironment.ofThisProcess().variables)
        (self.ssh, windows, self.road, runner, service) = (ssh, nil, road, road.runner, nil)
    }

    /// Lends an open road, and checks that nothing is left of it.
    static func with(
        _ kind: RoadKind, serverArguments: [String] = [], password: String = StrictServer.password,
        isToOpen: Bool = true, _ body: @Sendable (TestRoad) async throws -> Void
    ) async throws {
        try kind.check()
        let test = try TestRoad(kind, serverArguments, password: password)
        defer {
            test.processes.stop()
            test.ssh?.remove()
            try? FileManager.default.removeItem(atPath: test.folder)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            if let service = test.service { group.addTask { await service() } }
            if let road = test.road {
                group.addTask { await test.listen(road.open()) }
                if isToOpen { try await test.until("the road is open") { test.inventory.withLock { $0 != nil } } }
            }
            try await body(test)
            group.cancelAll()
            try await group.waitForAll()
        }
        if let windows = test.windows {
            // The server may be gone, in which case nothing is left either.
            let left = (try? windows.shellCount()) ?? 0
            #expect(left == 0, "shells are left on the host")
        }
        if test.ssh != nil {
            let left = "\(NSHomeDirectory())/.noizylab-links/\(test.tag)"
            try await test.until("nothing is left of \(left)") {
                test.ssh == nil || !FileManager.default.fileExists(atPath: left) || test.closed.withLock { $0 != nil }
            }
        }
    }

    func listen(_ events: AsyncStream<RoadEvent>) async {
        for await event in events {
            switch event {
            case .opened(let found): inventory.withLock { $0 = found }
            case .sample: samples.withLock { $0 += 1 }
            case .gpus(let found): gpus.withLock { $0 = found }
            case .closed(let failure): closed.withLock { $0 = failure }
            }
        }
    }

    func until(_ what: String, seconds: Int = 20, _ claim: () throws -> Bool) async throws {
        do {
            try await eventually(what, within: .seconds(seconds), every: .milliseconds(10), claim)
        } catch let failure as TestFailure {
            Issue.record("\(failure); \(String(describing: closed.withLock { $0 }))")
            throw failure
        }
    }

    func start(_ command: Command, timeoutMilliseconds: Int64 = 0, window: Int = 1 << 20) -> TestAttempt {
        let number = next.withLock { next in
            defer { next += 1 }
            return next
        }
        let ref = AttemptRef(task: TaskID(number: 1_000_000 + number), epoch: 1)
        let attempt = TestAttempt()
        attempt.running = runner.start(
            AttemptStart(
                ref: ref, spec: TaskSpec(payload: .command(command), timeoutMilliseconds: timeoutMilliseconds),
                gpuIndices: []), window: window
        ) { attempt.heard($0) }
        return attempt
    }

    func run(
        _ command: Command, timeoutMilliseconds: Int64 = 0, within seconds: Int = 20
    ) async throws -> TestAttempt {
        let attempt = start(command, timeoutMilliseconds: timeoutMilliseconds)
        try await until("the attempt ends", seconds: seconds) {
            attempt.allowAll()
            return attempt.outcome != nil
        }
        return attempt
    }

    func run(_ arguments: String...) async throws -> TestAttempt {
        try await run(Command(invocation: .arguments(arguments)))
    }
}

/// What an attempt told.
final class TestAttempt: Sendable {
    private struct State {
        var running: (any RunningAttempt)?
        var events: [AttemptEvent] = []
        var taken = 0
    }

    private let state = Mutex(State())

    var running: (any RunningAttempt)? {
        get { state.withLock { $0.running } }
        set { state.withLock { $0.running = newValue } }
    }

    func heard(_ event: AttemptEvent) { state.withLock { $0.events.append(event) } }

    /// Lets as much more be delivered as was.
    func allowAll() {
        let (running, bytes) = state.withLock { state in
            let total = state.events.reduce(0) { if case .output(_, let bytes) = $1 { $0 + bytes.count } else { $0 } }
            defer { state.taken = total }
            return (state.running, total - state.taken)
        }
        if bytes > 0 { running?.allowOutput(bytes) }
    }

    var events: [AttemptEvent] { state.withLock { $0.events } }
    var outcome: AttemptOutcome? {
        if case .finished(let outcome)? = events.last { outcome } else { nil }
    }
    var isStarted: Bool { events.first == .started }

    func bytes(_ stream: GridModel.OutputStream) -> [UInt8] {
        events.flatMap { event -> [UInt8] in
            if case .output(stream, let bytes) = event { bytes } else { [] }
        }
    }

    func text(_ stream: GridModel.OutputStream) -> String { String(decoding: bytes(stream), as: UTF8.self) }
}
