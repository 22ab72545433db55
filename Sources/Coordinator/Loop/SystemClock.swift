package import GridModel

#if canImport(Glibc)
    import CoreFoundation
    import Glibc
#else
    import Darwin
#endif

/// Reads both clocks of the system: the one place where the coordinator asks what time it is.
package enum SystemClock {
    package static func now() -> Moment { Moment(monotonic: monotonic(), wall: wall()) }

    package static func monotonic() -> MonotonicTime { MonotonicTime(nanoseconds: read(CLOCK_MONOTONIC)) }

    package static func wall() -> Timestamp { Timestamp(microseconds: read(CLOCK_REALTIME) / 1_000) }

    /// Blocks the thread; for the loop's own alone.
    static func sleep(milliseconds: Int64) { usleep(UInt32(milliseconds * 1_000)) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
