import Coordinator
import GRPCCore
import GridIdentity
import GridModel
import GridTransport
import GridWire
import Synchronization

/// Drives one `RunTasks` stream with so many echo tasks in flight, in batches as they become free.
struct EchoRun: Sendable {
    var refs: Set<UInt64> = []
    var failures: [String] = []
    var milliseconds: Int64 = 0
    var latencies: [Int64] = []
    var hops: [Noizylab_Grid_HopTimes] = []

    var summary: String {
        let sorted = latencies.sorted()
        let p50 = sorted.isEmpty ? 0 : sorted[sorted.count / 2]
        let p99 = sorted.isEmpty ? 0 : sorted[sorted.count * 99 / 100]
        func median(_ path: KeyPath<Noizylab_Grid_HopTimes, Int64>) -> Int64 {
            let all = hops.map { $0[keyPath: path] }.sorted()
            return all.isEmpty ? 0 : all[all.count / 2]
        }
        return "\(refs.count) in \(milliseconds) ms, \(Int64(refs.count) * 1_000 / max(milliseconds, 1))/s, "
            + "p50 \(p50) µs, p99 \(p99) µs, accepted \(median(\.acceptedUs)) committed \(median(\.committedUs)) "
            + "reported \(median(\.reportedUs)) settled \(median(\.settledUs))"
    }

    static func run(_ world: GridWorld, count: Int, inFlight: Int, durability: String) async throws -> EchoRun {
        try await world.connected(as: .submitter) { client in
            let executor = world.loops.executor(0)
            return try await withTaskExecutorPreference(executor) {
                try await run(Noizylab_Grid_Tasks.Client(wrapping: client), count, inFlight, durability)
            }
        }
    }

    private static func run(
        _ tasks: some Noizylab_Grid_Tasks.ClientProtocol, _ count: Int, _ inFlight: Int, _ durability: String
    ) async throws -> EchoRun {
        let room = Outbox<Int>()
        room.push(inFlight)
        let sentAt = Mutex<[UInt64: Int64]>([:])
        let begun = SystemClock.monotonic()
        var result = try await tasks.runTasks(
            requestProducer: { writer in
                var next: UInt64 = 1
                while next <= UInt64(count), let free = await room.take() {
                    var message = Noizylab_Grid_RunTasksRequest()
                    let now = SystemClock.monotonic().nanoseconds
                    for _ in 0..<free.reduce(0, +) where next <= UInt64(count) {
                        var submission = Noizylab_Grid_TaskSubmission()
                        submission.ref = next
                        submission.spec.echo.text = "x"
                        submission.spec.durability = durability
                        message.submissions.append(submission)
                        let ref = next
                        sentAt.withLock { $0[ref] = now }
                        next += 1
                    }
                    try await writer.write(message)
                }
            },
            onResponse: { response in
                var run = EchoRun()
                for try await message in response.messages {
                    let now = SystemClock.monotonic().nanoseconds
                    for result in message.results {
                        run.refs.insert(result.ref)
                        if result.state != "succeeded" { run.failures.append(result.error) }
                        if let sent = sentAt.withLock({ $0.removeValue(forKey: result.ref) }) {
                            run.latencies.append((now - sent) / 1_000)
                        }
                        run.hops.append(result.hops)
                    }
                    room.push(message.results.count)
                    if run.refs.count == count { break }
                }
                return run
            })
        result.milliseconds = SystemClock.monotonic().milliseconds(since: begun)
        return result
    }
}
