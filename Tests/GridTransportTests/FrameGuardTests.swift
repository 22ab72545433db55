import GridTransport
import Testing

struct FrameGuardTests {
    private struct Frames {
        var frames: FrameGuard
        var now: UInt64 = 1_000_000_000

        init(_ change: (inout FrameGuard.Limits) -> Void) {
            var limits = FrameGuard.Limits()
            change(&limits)
            frames = FrameGuard(limits)
        }

        mutating func note(_ type: UInt8, flags: UInt8 = 0, length: Int = 4, times: Int = 1) -> FrameGuard.Offence? {
            let now = now
            for _ in 0..<times { frames.note(type: type, flags: flags, length: length) { now } }
            return frames.offence
        }
    }

    static let kinds: [(UInt8, FrameGuard.Offence)] = [
        (0, .crumbs), (1, .headers), (7, .goodbyes), (8, .windowUpdates), (10, .unknownFrames), (255, .unknownFrames),
    ]

    @Test(arguments: kinds)
    func `so many in a window are honest and one more is not`(type: UInt8, offence: FrameGuard.Offence) {
        var frames = Frames { limits in
            limits.crumbs = .init(count: 10, seconds: 2)
            limits.headers = .init(count: 10, seconds: 2)
            limits.goodbyes = .init(count: 10, seconds: 2)
            limits.windowUpdates = .init(count: 10, seconds: 2)
            limits.unknownFrames = .init(count: 10, seconds: 2)
        }

        let honest = frames.note(type, times: 10)
        #expect(honest == nil)
        let one = frames.note(type)
        #expect(one == offence)
    }

    @Test func `a window that has passed is forgotten`() {
        var frames = Frames { $0.windowUpdates = .init(count: 10, seconds: 2) }
        for _ in 0..<20 {
            let offence = frames.note(8, times: 10)
            #expect(offence == nil)
            frames.now += 2_000_000_000
        }
    }

    @Test func `frames that carry something are not crumbs, and what the library counts is not counted again`() {
        var frames = Frames { $0.crumbs = .init(count: 10, seconds: 2) }

        for (type, flags, length) in [
            (UInt8(0), UInt8(0), 64), (0, 1, 1), (2, 0, 5), (3, 0, 4), (4, 0, 0), (6, 0, 8), (9, 0, 1),
        ] {
            let offence = frames.note(type, flags: flags, length: length, times: 1_000)
            #expect(offence == nil)
        }
    }
}
