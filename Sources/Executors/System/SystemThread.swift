import ProcessShims

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A thread of the system, for work that blocks or must not be stalled by other work.
package struct SystemThread: @unchecked Sendable {
    // A pthread_t is a number or a pointer that is only handed back to pthread_join.
    private let handle: pthread_t

    /// Starts `body`. SIGPIPE is blocked on the thread: writing to a closed pipe is an error there, not the end.
    package static func start(_ name: String, _ body: @escaping @Sendable () -> Void) -> SystemThread {
        let box = Unmanaged.passRetained(Box(name: name, body: body))
        #if canImport(Darwin)
            var handle: pthread_t?
        #else
            var handle = pthread_t()
        #endif
        let failure = pthread_create(&handle, nil, threadMain, box.toOpaque())
        precondition(failure == 0, "cannot start the thread '\(name)': error \(failure)")
        #if canImport(Darwin)
            return SystemThread(handle: handle!)  // set by pthread_create, which succeeded
        #else
            return SystemThread(handle: handle)
        #endif
    }

    /// Waits until the thread ended. Once, and not from the thread itself.
    package func join() { pthread_join(handle, nil) }

    /// For a thread that nobody waits for.
    package func detach() { pthread_detach(handle) }

    private final class Box {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }

        func run() {
            var blocked = sigset_t()
            sigemptyset(&blocked)
            sigaddset(&blocked, SIGPIPE)
            pthread_sigmask(SIG_BLOCK, &blocked, nil)
            noizylab_name_thread(name)
            body()
        }

        static func take(_ context: UnsafeMutableRawPointer) -> Box {
            Unmanaged<Box>.fromOpaque(context).takeRetainedValue()
        }
    }

    #if canImport(Darwin)
        private static let threadMain: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = {
            Box.take($0).run()
            return nil
        }
    #else
        private static let threadMain: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
            Box.take($0!).run()  // pthread_create hands over the box it was given
            return nil
        }
    #endif
}
