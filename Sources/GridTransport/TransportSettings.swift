/// How connections behave. The defaults are measured ones; `docs/transport.md` holds the figures.
///
/// `windowBytes`, `serverWindowBytes`, `frameBytes`, `messageLimitBytes`, `streamLimit`, `keepaliveInterval`, `keepaliveTimeout`,
/// `pingIntervalLimit`, `handshakeTimeout`, `idleTimeout`, `ageLimit`, `ageGrace`, `connections`, `frames`,
/// `isAligningFrames`, `isGatheringFlushes`.
package struct TransportSettings: Sendable {
    /// HTTP/2 flow control: how much may be under way to a client on one stream, and on the connection. The library's
    /// 64 KiB halves what one stream can carry.
    package var windowBytes = 8 * 1024 * 1024
    /// The same to a server. Every stream may fill its own while nothing is read from it, so this is also what one that
    /// is slowed down can bring at once, and keep in memory.
    package var serverWindowBytes = 1024 * 1024
    /// The largest HTTP/2 frame we take. A message of output is then one or two of them, and what the library does for
    /// each frame (state, flow control, a TLS record for its header) is done so much less often.
    package var frameBytes = 256 * 1024
    /// The largest message we take, in both directions. Beyond it the library resets the stream, which a caller sees as
    /// UNAVAILABLE; so it lies above the 10 MiB that a task's arguments could have, which are refused by name instead.
    package var messageLimitBytes = 16 * 1024 * 1024
    /// How many calls one connection may have open. The library knows no limit unless told.
    package var streamLimit = 4096

    /// A connection that brought nothing for so long is asked whether it lives, and closed without an answer. Liveness
    /// of nodes does not depend on it: heartbeats are messages.
    package var keepaliveInterval: Duration = .seconds(60)
    package var keepaliveTimeout: Duration = .seconds(20)
    /// Clients that ping more often than this are disconnected. The library's five minutes cuts off ordinary ones.
    package var pingIntervalLimit: Duration = .seconds(10)

    /// A stranger who does not finish the TLS handshake by then is disconnected.
    package var handshakeTimeout: Duration = .seconds(10)
    /// A connection without a call for so long is closed. Nil: never.
    package var idleTimeout: Duration? = .seconds(30 * 60)
    /// Connections older than this are closed gently, so that clients come back with a newer certificate. Nil: never,
    /// because the links of agents are meant to last.
    package var ageLimit: Duration?
    package var ageGrace: Duration? = .seconds(60)

    /// How many connections a listener takes of strangers, whoever they turn out to be.
    package var connections = ConnectionLimits()
    /// What frames of one connection are too many.
    package var frames = FrameGuard.Limits()

    /// Only a measurement turns it off: see `FrameAligner`.
    package var isAligningFrames = true
    /// Only a measurement turns it off: see `FlushGatherer`.
    package var isGatheringFlushes = true

    package init() {}

    /// For a listener where strangers come and few calls are made: smaller in everything they can use up.
    package var forStrangers: TransportSettings {
        var settings = self
        settings.streamLimit = min(streamLimit, 256)
        settings.connections = .strangers
        settings.serverWindowBytes = min(serverWindowBytes, 256 * 1024)
        settings.idleTimeout = .seconds(60)
        return settings
    }
}
