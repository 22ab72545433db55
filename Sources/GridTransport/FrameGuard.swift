/// Counts the HTTP/2 frames that one peer sends, and says when they are more than any honest peer's.
///
/// The library itself ends a connection that brings more than 200 resets, 200 refused frames (a peer that makes us
/// reset: CVE-2025-8671) or 200 pings, settings and priorities in 30 s, more than 5 CONTINUATIONs in a row, two empty
/// DATA frames in a row, or headers above 16 KiB. It does not count what is counted here: window updates, data in
/// crumbs, kinds of frames that it does not know, and new streams that are taken back by no reset.
///
/// A count is looked at only when it is full: a frame costs one addition.
package struct FrameGuard: Sendable {
    /// Of what there was too much.
    package enum Offence: String, Sendable, CaseIterable {
        case headers, crumbs, windowUpdates, unknownFrames, goodbyes
    }

    /// So many in a window are still honest.
    package struct Limit: Sendable, Hashable {
        package var count: Int
        package var seconds: Int

        package init(count: Int, seconds: Int) {
            self.count = count
            self.seconds = seconds
        }
    }

    /// Of each offence, what is still honest.
    package struct Limits: Sendable, Hashable {
        /// New streams and trailers.
        package var headers = Limit(count: 200_000, seconds: 10)
        /// DATA of less than 64 bytes that does not end its stream: heartbeats and single tasks are as small.
        package var crumbs = Limit(count: 500_000, seconds: 10)
        /// A client that takes 500 MB/s in windows of 64 KiB sends 16,000 a second.
        package var windowUpdates = Limit(count: 400_000, seconds: 10)
        /// Kinds that HTTP/2 does not define; greasing clients send a few.
        package var unknownFrames = Limit(count: 500, seconds: 30)
        package var goodbyes = Limit(count: 8, seconds: 30)

        package init() {}

        func limit(_ offence: Offence) -> Limit {
            switch offence {
            case .headers: headers
            case .crumbs: crumbs
            case .windowUpdates: windowUpdates
            case .unknownFrames: unknownFrames
            case .goodbyes: goodbyes
            }
        }
    }

    private struct Window: Sendable {
        var count = 0
        var beganAt: UInt64 = 0
    }

    private let limits: Limits
    private var headers = Window()
    private var crumbs = Window()
    private var windowUpdates = Window()
    private var unknownFrames = Window()
    private var goodbyes = Window()
    package private(set) var offence: Offence?

    package init(_ limits: Limits) { self.limits = limits }

    /// One frame's header. `now`: nanoseconds of a clock that goes forward; seldom asked.
    package mutating func note(type: UInt8, flags: UInt8, length: Int, now: () -> UInt64) {
        switch type {
        case 0: if length < 64, flags & 1 == 0 { Self.count(.crumbs, in: &crumbs, limits, &offence, now) }
        case 1: Self.count(.headers, in: &headers, limits, &offence, now)
        case 2...6, 9: break
        case 7: Self.count(.goodbyes, in: &goodbyes, limits, &offence, now)
        case 8: Self.count(.windowUpdates, in: &windowUpdates, limits, &offence, now)
        default: Self.count(.unknownFrames, in: &unknownFrames, limits, &offence, now)
        }
    }

    private static func count(
        _ kind: Offence, in window: inout Window, _ limits: Limits, _ offence: inout Offence?, _ now: () -> UInt64
    ) {
        if window.count == 0 { window.beganAt = now() }
        window.count += 1
        let limit = limits.limit(kind)
        guard window.count > limit.count else { return }
        if now() - window.beganAt < UInt64(limit.seconds) * 1_000_000_000 {
            offence = offence ?? kind
        } else {
            window = Window(count: 1, beganAt: now())
        }
    }
}
