import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL

/// One TCP connection to a host, with the log-on, the keys and the counters that belong to it. It carries one request at
/// a time, in the order they were made; two that must not wait for each other need two connections.
actor HostConnection {
    private enum State {
        case closed
        case open(any Channel, NTLMSession?)
        /// A request is on its way. Its keys are with it.
        case busy(any Channel)
    }

    /// When an answer is waited for no longer.
    private struct Limit {
        let seconds: Int64
        let endsOnCancel: Bool
    }

    private let connector: HostConnector
    private var state = State.closed
    private var isTaken = false
    private var queue: [CheckedContinuation<Void, Never>] = []

    init(_ connector: HostConnector) { self.connector = connector }

    private var settings: WinRMSettings { connector.settings }

    /// Sends an envelope and gives back the one that answers.
    ///
    /// - Parameters:
    ///   - seconds: how long the request itself allows the host to take.
    ///   - endsOnCancel: a cancelled task does not wait for the answer; else what cleans up is still done.
    /// - Throws: `unreachable` when it is not known whether the request was done.
    func exchange(_ envelope: String, seconds: Int64, endsOnCancel: Bool) async throws -> [UInt8] {
        await take()
        defer { give() }
        let plain = Array(envelope.utf8)
        let limit = Limit(seconds: seconds + settings.answerSeconds, endsOnCancel: endsOnCancel)
        switch state {
        case .busy: preconditionFailure("a request is on its way although its connection was free")
        case .closed: return try await logOnAgain(plain, limit: limit)
        case .open(let channel, let session):
            guard channel.isActive else { return try await logOnAgain(plain, limit: limit) }
            do {
                return try await send(plain, on: channel, session: session, authorization: nil, limit: limit)
            } catch let error as WinRMError where error.code == .denied && error.fault == 0 {
                // The log-on ran out: nothing was done. Once more with new keys; a second refusal is final.
                return try await logOn(plain, limit: limit)
            }
        }
    }

    /// A request that is on its way fails.
    func close() {
        switch state {
        case .closed: break
        case .open(let channel, _), .busy(let channel): channel.close(promise: nil)
        }
        state = .closed
    }

    private func take() async {
        guard isTaken else {
            isTaken = true
            return
        }
        await withCheckedContinuation { queue.append($0) }
    }

    /// The next in the queue has it at once.
    private func give() {
        if queue.isEmpty { isTaken = false } else { queue.removeFirst().resume() }
    }

    /// Where the same log-on has worked before, a refusal may be of the session alone: once more.
    private func logOnAgain(_ plain: [UInt8], limit: Limit) async throws -> [UInt8] {
        do {
            return try await logOn(plain, limit: limit)
        } catch let error as WinRMError where error.code == .denied && error.fault == 0 && connector.hasLoggedOn {
            return try await logOn(plain, limit: limit)
        }
    }

    private func logOn(_ plain: [UInt8], limit: Limit) async throws -> [UInt8] {
        close()
        let channel = try await connector.open()
        state = .busy(channel)
        do {
            guard settings.authentication == .ntlm else {
                return try await send(plain, on: channel, session: nil, authorization: nil, limit: limit)
            }
            let answer = try await post(
                [], type: nil, on: channel, authorization: "Negotiate " + Base64.encode(NTLMHandshake.negotiate),
                limit: Limit(seconds: settings.answerSeconds, endsOnCancel: limit.endsOnCancel))
            let token = answer.head.headers["WWW-Authenticate"].lazy
                .compactMap { $0.hasPrefix("Negotiate ") ? Base64.decode(String($0.dropFirst(10))) : nil }.first
            guard answer.head.status == .unauthorized, let token else {
                throw HTTPRefusal.error(answer.head, endpoint: settings.endpoint, user: settings.user)
            }
            let handshake = NTLMHandshake(
                identity: .init(settings.user), password: settings.password.text, target: "HTTP/\(settings.host)",
                channelBinding: try await channelBinding(channel), fileTime: Self.fileTime())
            let (message, session) = handshake.authenticate(try NTLMChallenge(token), chance: .fresh())
            return try await send(
                plain, on: channel, session: session, authorization: "Negotiate " + Base64.encode(message), limit: limit
            )
        } catch {
            close()
            throw error
        }
    }

    /// Sealing and writing are one step: no other message can come between.
    private func send(
        _ plain: [UInt8], on channel: any Channel, session: NTLMSession?, authorization: String?, limit: Limit
    ) async throws -> [UInt8] {
        var session = session
        state = .busy(channel)
        do {
            let isSealed = session != nil && !settings.isSecure
            var body = plain
            if isSealed, session != nil { body = SealedBody.encode(plain, with: &session!) }
            let answer = try await post(
                body, type: isSealed ? SealedBody.contentType : "application/soap+xml;charset=UTF-8", on: channel,
                authorization: authorization ?? standing, limit: limit)
            guard answer.head.status == .ok || answer.head.status == .internalServerError, !answer.body.isEmpty else {
                throw HTTPRefusal.error(answer.head, endpoint: settings.endpoint, user: settings.user)
            }
            var envelope = answer.body
            if isSealed, session != nil {
                guard answer.head.headers["Content-Type"].first?.hasPrefix("multipart/") == true else {
                    throw WinRMError(.badAnswer, "\(settings.host) answered a sealed request in the open")
                }
                envelope = try SealedBody.decode(answer.body, with: &session!)
            }
            connector.didLogOn()
            if answer.head.isKeepAlive { state = .open(channel, session) } else { close() }
            return envelope
        } catch {
            close()
            throw error
        }
    }

    private func post(
        _ body: [UInt8], type: String?, on channel: any Channel, authorization: String?, limit: Limit
    ) async throws -> HTTPAnswer {
        var headers: HTTPHeaders = [
            "Host": "\(settings.host):\(settings.port)", "User-Agent": "noizylab", "Content-Length": "\(body.count)",
            "Connection": "Keep-Alive",
        ]
        if let type { headers.add(name: "Content-Type", value: type) }
        if let authorization { headers.add(name: "Authorization", value: authorization) }
        let promise = channel.eventLoop.makePromise(of: HTTPAnswer.self)
        let late = channel.eventLoop.scheduleTask(in: .seconds(limit.seconds)) {
            channel.close(promise: nil)
            promise.fail(ChannelError.inputClosed)
        }
        defer { late.cancel() }
        let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/wsman", headers: headers)
        // A channel that has just been closed has no handlers any more: nobody else would tell.
        let written = channel.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenFailure { promise.fail($0) }
        channel.write(HTTPRequest(head: head, body: body, promise: promise), promise: written)
        do {
            return try await withTaskCancellationHandler {
                try await promise.futureResult.get()
            } onCancel: {
                if limit.endsOnCancel { channel.close(promise: nil) }
            }
        } catch let error as WinRMError {
            throw error
        } catch let error as NIOSSLError where error != .uncleanShutdown || !connector.isTrusted {
            throw connector.distrust(error)
        } catch let error as BoringSSLError {
            throw connector.distrust(error)
        } catch {
            if limit.endsOnCancel { try Task.checkCancellation() }
            throw WinRMError(
                .unreachable,
                "the connection to \(settings.endpoint) was lost or silent for \(limit.seconds) s: \(error)")
        }
    }

    private var standing: String? {
        switch settings.authentication {
        case .ntlm: nil
        case .basic: "Basic " + Base64.encode(Array("\(settings.user):\(settings.password.text)".utf8))
        case .certificate: "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
        }
    }

    private func channelBinding(_ channel: any Channel) async throws -> [UInt8] {
        guard settings.isSecure else { return ChannelBinding.none }
        let certificate = try await channel.nioSSL_peerCertificate().get()
        return ChannelBinding.hash(certificate: try certificate?.toDERBytes() ?? [])
    }

    /// 100 ns since 1601.
    private static func fileTime() -> UInt64 { UInt64((Date().timeIntervalSince1970 + 11_644_473_600) * 10_000_000) }
}
