import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NIOCore
import NIOSSL

extension Transports {
    static func serverConfig(
        _ settings: TransportSettings
    ) -> HTTP2ServerTransport.Custom<GridListener>.Config {
        var config = HTTP2ServerTransport.Custom<GridListener>.Config.defaults
        config.http2.targetWindowSize = settings.serverWindowBytes
        config.http2.maxFrameSize = settings.frameBytes
        config.http2.maxConcurrentStreams = settings.streamLimit
        config.rpc.maxRequestPayloadSize = settings.messageLimitBytes
        // Waiting 100 µs for more to send costs each message that long, twice per hop.
        config.connection.flushCoalescing = nil
        config.connection.maxIdleTime = settings.idleTimeout
        config.connection.maxAge = settings.ageLimit
        config.connection.maxGraceTime = settings.ageGrace
        config.connection.keepalive.time = settings.keepaliveInterval
        config.connection.keepalive.timeout = settings.keepaliveTimeout
        config.connection.keepalive.clientBehavior.allowWithoutCalls = true
        config.connection.keepalive.clientBehavior.minPingIntervalWithoutCalls = settings.pingIntervalLimit
        return config
    }

    static func clientConfig(_ settings: TransportSettings) -> HTTP2ClientTransport.Posix.Config {
        var config = HTTP2ClientTransport.Posix.Config.defaults
        config.http2.targetWindowSize = settings.windowBytes
        config.http2.maxFrameSize = settings.frameBytes
        config.connection.flushCoalescing = nil
        config.connection.maxIdleTime = settings.idleTimeout
        config.connection.keepalive = HTTP2ClientTransport.Config.Keepalive(
            time: settings.keepaliveInterval, timeout: settings.keepaliveTimeout, allowWithoutCalls: false)
        config.backoff = HTTP2ClientTransport.Config.Backoff(
            initial: .milliseconds(100), max: .seconds(2), multiplier: 1.6, jitter: 0.2)
        config.channelDebuggingCallbacks.onCreateTCPConnection = { channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                let tls = try pipeline.handler(type: NIOSSLClientHandler.self)
                if settings.isGatheringFlushes { try pipeline.addHandler(FlushGatherer(), position: .after(tls)) }
                if settings.isAligningFrames {
                    try pipeline.addHandler(FrameAligner(isServer: false), position: .after(tls))
                }
            }
        }
        return config
    }

    /// Responses have a limit of 4 MiB unless told for each method; the empty name stands for all of them.
    static func serviceConfig(_ settings: TransportSettings) -> ServiceConfig {
        ServiceConfig(methodConfig: [
            MethodConfig(
                names: [MethodConfig.Name(service: "")], maxRequestMessageBytes: settings.messageLimitBytes,
                maxResponseMessageBytes: settings.messageLimitBytes)
        ])
    }
}
