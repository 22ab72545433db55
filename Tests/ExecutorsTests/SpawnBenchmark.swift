import Executors
import GridModel
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// `NOIZYLAB_BENCH=1` measures how long 500 programs take, eight at a time, against a plain loop of posix_spawn.
@Suite(.enabled(if: getenv("NOIZYLAB_BENCH") != nil), .serialized, .timeLimit(.minutes(2)))
struct SpawnBenchmark {
    @Test func `500 times true within twice a plain loop`() async {
        let node = TestNode()
        var ours: [Int64] = []
        var plain: [Int64] = []
        for _ in 0..<9 {
            plain.append(plainLoop(count: 500, parallelism: 8))
            ours.append(await attempts(node, count: 500, parallelism: 8))
        }

        let (our, their) = (ours.sorted()[4], plain.sorted()[4])
        print("500 x true, 8 at a time, median of 9: attempts \(our) ms, plain posix_spawn loop \(their) ms")
        #expect(our <= 2 * their)
    }

    private func attempts(_ node: TestNode, count: Int, parallelism: Int) async -> Int64 {
        let startedAt = SystemClock.monotonic()
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<count {
                if index >= parallelism { await group.next() }
                group.addTask { _ = await node.run(program("/bin/true")) }
            }
        }
        return SystemClock.monotonic().milliseconds(since: startedAt)
    }

    private func plainLoop(count: Int, parallelism: Int) -> Int64 {
        let startedAt = SystemClock.monotonic()
        var living: [pid_t] = []
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("/bin/true"), nil]
        defer { free(arguments[0]) }
        for _ in 0..<count {
            if living.count == parallelism { waitpid(living.removeFirst(), nil, 0) }
            var process = pid_t()
            if posix_spawn(&process, "/bin/true", nil, nil, &arguments, nil) == 0 { living.append(process) }
        }
        for process in living { waitpid(process, nil, 0) }
        return SystemClock.monotonic().milliseconds(since: startedAt)
    }
}
