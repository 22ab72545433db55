package import GridIdentity
import NIOCore
import NIOSSL
import Synchronization

/// A further say, after a certificate was found good: whether this grid still wants its holder. Throws the reason.
package typealias PeerAdmission = @Sendable (PeerCredential) throws(IdentityError) -> Void

/// One accepted connection: on which loop it lives, and who is at its other end.
///
/// The identity is found once, during the handshake; calls only look it up. A client that resumes a TLS session shows no
/// certificate again, so then the one kept in the session is verified at its first call.
final class PeerConnection: Sendable {
    enum Standing: Sendable {
        case unknown
        case known(PeerCredential)
        /// The connection is about to end, and the reason was told.
        case refused
    }

    let channel: any Channel
    let executor: (any TaskExecutor)?
    private let standing = Mutex(Standing.unknown)

    init(channel: any Channel, executor: (any TaskExecutor)?) {
        self.channel = channel
        self.executor = executor
    }

    func identify(as credential: PeerCredential) {
        standing.withLock { $0 = .known(credential) }
    }

    func refuse() {
        standing.withLock { $0 = .refused }
    }

    var isRefused: Bool {
        if case .refused = standing.withLock({ $0 }) { true } else { false }
    }

    /// Nil while nobody is proven.
    var known: PeerCredential? {
        if case .known(let credential) = standing.withLock({ $0 }) { credential } else { nil }
    }

    func credential(verifiedBy verifier: PeerVerifier, admission: PeerAdmission) async throws(IdentityError)
        -> PeerCredential
    {
        if let known { return known }
        let certificate: [UInt8]
        do {
            guard let shown = try await channel.nioSSL_peerCertificate().get() else {
                throw IdentityError(.untrusted, "The peer shows no certificate.")
            }
            certificate = try shown.toDERBytes()
        } catch let error as IdentityError {
            throw error
        } catch {
            throw IdentityError(.untrusted, "The peer's certificate cannot be read.", cause: error)
        }
        let credential = try await verifier.verify(chain: [certificate])
        try admission(credential)
        identify(as: credential)
        return credential
    }
}

/// The open connections of one listener, by the remote address under which calls know them. An address is in use once
/// at a time on a listener.
final class PeerDirectory: Sendable {
    private let connections = Mutex<[String: PeerConnection]>([:])

    func add(_ connection: PeerConnection, at address: String) {
        connections.withLock { $0[address] = connection }
    }

    func remove(_ connection: PeerConnection, at address: String) {
        connections.withLock { connections in
            // The address may have been taken again before the old connection's end was seen.
            if connections[address] === connection { connections[address] = nil }
        }
    }

    func connection(at address: String) -> PeerConnection? {
        connections.withLock { $0[address] }
    }

    func connections(where isWanted: (PeerCredential) -> Bool) -> [PeerConnection] {
        connections.withLock { Array($0.values) }.filter { $0.known.map(isWanted) ?? false }
    }
}

extension SocketAddress {
    /// The form in which gRPC names a call's peer.
    var peerText: String? {
        switch self {
        case .v4(let address): port.map { "ipv4:\(address.host):\($0)" }
        case .v6(let address): port.map { "ipv6:[\(address.host)]:\($0)" }
        case .unixDomainSocket: nil
        }
    }
}
