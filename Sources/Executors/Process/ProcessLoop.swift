import GridModel
import ProcessShims
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A thread that runs programs. Everything it knows belongs to that thread; others send it commands.
final class ProcessLoop: Sendable {
    enum Order: Sendable {
        case start(UInt64, ProcessLaunch, @Sendable (AttemptEvent) -> Void)
        case cancel(UInt64, graceMilliseconds: Int64)
        case allow(UInt64, Int)
        case timer(MonotonicTime, @Sendable () -> Void)
        case stop
    }

    private struct Inbox {
        var orders: [Order] = []
        var isWoken = false
    }

    private let inbox = Mutex(Inbox())
    private let wakeReader: Int32
    private let wakeWriter: Int32
    private let thread = Mutex<SystemThread?>(nil)

    init(settings: ExecutorSettings, number: Int) {
        var ends: [Int32] = [-1, -1]
        let failure = noizylab_pipe(&ends)
        precondition(failure == 0, "cannot make a pipe: \(systemErrorText(failure))")
        (wakeReader, wakeWriter) = (ends[0], ends[1])
        _ = fcntl(wakeReader, F_SETFL, O_NONBLOCK)
        thread.withLock {
            $0 = SystemThread.start("processes-\(number)") { ProcessLoopBody(self, settings, number: number).run() }
        }
    }

    deinit {
        close(wakeReader)
        close(wakeWriter)
    }

    func send(_ order: Order) {
        let wakes = inbox.withLock { inbox in
            inbox.orders.append(order)
            defer { inbox.isWoken = true }
            return !inbox.isWoken
        }
        if wakes {
            var byte: UInt8 = 1
            _ = write(wakeWriter, &byte, 1)
        }
    }

    func stop() {
        let thread = thread.withLock { $0.take() }
        guard let thread else { return }
        send(.stop)
        thread.join()
    }

    var wakeDescriptor: Int32 { wakeReader }

    func takeOrders() -> [Order] {
        var bytes: (UInt64, UInt64) = (0, 0)
        _ = read(wakeReader, &bytes, 16)
        return inbox.withLock { inbox in
            inbox.isWoken = false
            defer { inbox.orders = [] }
            return inbox.orders
        }
    }
}
