import Foundation
import NoizyClient
import Synchronization
import Testing

/// Tasks without a pause over one connection, as long as `body` runs; then every one of them must have succeeded.
struct TaskLoad {
    let grid: GridFixture
    var window = 16
    var command: [String] = ["sh", "-c", "sleep 0.05; echo done"]

    /// How many there were. `body` is given what tells how many have ended so far.
    @discardableResult
    func whileRunning(_ body: @escaping @Sendable (@escaping @Sendable () -> Int) async throws -> Void) async throws
        -> Int
    {
        let (host, port) = try await grid.listenAddress()
        let credentials = GridCredentials(folder: "\(grid.home)/pki/operator")
        let command = command, window = window
        let results = Mutex<[TaskResult]>([])
        let tally = Tally()
        try await GridClient.withConnection(to: GridEndpoint(host: host, port: port), credentials: credentials) {
            client in
            let (requests, source) = AsyncStream.makeStream(of: TaskRequest.self, bufferingPolicy: .unbounded)
            @Sendable func give(_ count: Int) {
                for _ in 0..<count {
                    var request = TaskRequest(.command(command))
                    request.key = "load-\(UUID().uuidString)"
                    // What comes after the end is not taken, and not counted.
                    if case .enqueued = source.yield(request) { tally.given.withLock { $0 += 1 } }
                }
            }
            give(window * 2)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    defer {
                        tally.isOver.withLock { $0 = true }
                        source.finish()
                    }
                    try await body(tally.ended)
                }
                try await client.run(many: requests, window: window) { result in
                    results.withLock { $0.append(result) }
                    tally.noteEnd()
                    if !tally.isOver.withLock({ $0 }) { give(1) }
                }
                try await group.waitForAll()
            }
        }
        let all = results.withLock { $0 }
        let wrong = all.filter { $0.state != .succeeded }
        #expect(wrong.isEmpty, "\(wrong.count) of \(all.count) did not succeed: \(wrong.prefix(3))")
        #expect(all.count == tally.given.withLock { $0 }, "every task that was given has an end")
        return all.count
    }
}

/// How many tasks were given and have ended, and whether no more are wanted.
private final class Tally: Sendable {
    let given = Mutex(0)
    private let endedCount = Mutex(0)
    let isOver = Mutex(false)

    @Sendable func ended() -> Int { endedCount.withLock { $0 } }
    func noteEnd() { endedCount.withLock { $0 += 1 } }
}
