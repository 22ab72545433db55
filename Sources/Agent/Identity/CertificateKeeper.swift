import Executors
import GRPCCore
import GridIdentity
import GridModel
import GridTransport
import GridWire
import Logging
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Looks after the node's certificate while the agent runs: renews it in time, comes back by the key when it has ended,
/// and writes down whom to believe. Each new connection is made with the newest; the link that is open goes on.
final class CertificateKeeper: Sendable {
    private let settings: AgentSettings
    private let files: CertificateFiles
    private let logger: Logger
    private let machine: Mutex<RenewalMachine>
    /// Files are written beside the event loops, one after another.
    private let writing = BlockingWork("certificates", limit: 1)

    init(settings: AgentSettings, files: CertificateFiles, logger: Logger) throws(IdentityError) {
        self.settings = settings
        self.files = files
        self.logger = logger
        machine = Mutex(
            RenewalMachine(
                try files.facts(), isSignedByCurrent: try TrustSet(file: files.authority).isFirst(signerOf: files)))
    }

    // MARK: what the link says

    /// The coordinator, proven by what was believed until now, says whom to believe. Returns when it is kept.
    func learned(_ bundle: Noizylab_Grid_TrustBundle) async { await writing.value { self.keep(bundle) } }

    private func keep(_ bundle: Noizylab_Grid_TrustBundle) {
        do {
            let trust = try TrustSet(pem: bundle.authorities, from: "The coordinator's trust set")
            guard trust.pins == bundle.pins.map({ Array($0) }) else {
                throw IdentityError(.malformed, "The coordinator's trust set and its pins are not of the same keys.")
            }
            if try TrustSet(file: files.authority) != trust {
                try PrivateFile.write(trust.pem, to: files.authority)
                logger.notice(
                    "Other authorities are believed now",
                    metadata: ["node": "\(settings.name)", "pins": "\(trust.pinsText)"])
            }
            let isCurrent = try trust.isFirst(signerOf: files)
            machine.withLock {
                $0.authorityChanged(isSignedByCurrent: isCurrent, at: Date(), jitter: Double.random(in: 0...1))
            }
        } catch {
            logger.error("The trust set cannot be kept", metadata: ["node": "\(settings.name)", "error": "\(error)"])
        }
    }

    func welcomed() { machine.withLock { $0.welcomed() } }

    /// The coordinator was there, and did not welcome the link: perhaps it does not believe the certificate.
    func refused() { machine.withLock { $0.refused() } }

    // MARK: looking after it

    func run() async throws {
        while true {
            let action = machine.withLock { $0.action(at: Date()) }
            if action != .none { await act(action) }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    private func act(_ action: RenewalMachine.Action) async {
        do {
            let answer = action == .renew ? try await renew() : try await recover()
            let facts = try await writing.value { [files] in
                Result {
                    try files.write(certificatePEM: answer.certificate, authorityPEM: answer.trust.authorities)
                    return try files.facts()
                }
            }.get()
            machine.withLock { $0.renewed(facts) }
            logger.notice(
                action == .renew ? "The certificate was renewed" : "The certificate was replaced by proof of the key",
                metadata: ["node": "\(settings.name)", "serial": "\(facts.serial)", "until": "\(facts.notAfter)"])
        } catch {
            // The agent ends: nothing failed.
            guard !Task.isCancelled else { return }
            machine.withLock { $0.failed(at: Date(), jitter: Double.random(in: 0...1)) }
            logger.warning(
                action == .renew ? "The certificate could not be renewed" : "The key could not be proven",
                metadata: ["node": "\(settings.name)", "error": "\(error)"])
        }
    }

    /// On a connection of its own: it shows the newest certificate, which the link's may not be.
    private func renew() async throws -> Noizylab_Grid_RenewResponse {
        try await onLoops { loops, onRefusal in
            let transport = try Transports.client(
                host: self.settings.coordinatorHost, port: self.settings.coordinatorPort, credentials: self.files,
                cluster: self.settings.cluster, loops: loops, onRefusal: onRefusal)
            var request = Noizylab_Grid_RenewRequest()
            request.signingRequest = try SigningKey.load(self.files.key).signingRequest()
            let message = request
            return try await withGRPCClient(transport: transport) { client in
                try await Noizylab_Grid_Certificates.Client(wrapping: client).renew(message, options: Self.options)
            }
        }
    }

    private func recover() async throws -> Noizylab_Grid_RenewResponse {
        let (settings, key) = (settings, try SigningKey.load(files.key))
        let trust = try TrustSet(file: files.authority)
        return try await onLoops { loops, onRefusal in
            let transport = try Transports.edgeClient(
                host: settings.edgeHost, port: settings.edgePort, anchor: .authorities(trust),
                cluster: settings.cluster,
                loops: loops, onRefusal: onRefusal)
            return try await withGRPCClient(transport: transport) { client in
                let admission = Noizylab_Grid_Admission.Client(wrapping: client)
                let nonce = try await admission.challenge(.init(), options: Self.options).nonce
                var request = Noizylab_Grid_RecoverRequest()
                request.name = settings.name.text
                request.nonce = nonce
                request.signingRequest = try key.signingRequest()
                let proof = try KeyProof.make(
                    nonce: Array(nonce), name: request.name, signingRequest: request.signingRequest, by: key)
                request.signature = Data(proof.signature)
                return try await admission.recover(request, options: Self.options)
            }
        }
    }

    /// An event loop for one conversation; why the other side was not believed is a better reason than that it failed.
    private func onLoops<Answer: Sendable>(
        _ body: (TransportLoops, @escaping @Sendable (IdentityError) -> Void) async throws -> Answer
    ) async throws -> Answer {
        let loops = TransportLoops(count: 1)
        let refusal = RefusalBox()
        let result: Result<Answer, any Error>
        do { result = .success(try await body(loops) { refusal.set($0) }) } catch {
            result = .failure(refusal.newest ?? error)
        }
        try await loops.shutdown()
        return try result.get()
    }

    private static var options: CallOptions {
        var options = CallOptions.defaults
        options.timeout = .seconds(10)
        options.waitForReady = false
        return options
    }
}

/// Why the coordinator's certificate was not accepted, on its way from the handshake.
final class RefusalBox: Sendable {
    private let box = Mutex<IdentityError?>(nil)

    func set(_ error: IdentityError) { box.withLock { $0 = error } }
    var newest: IdentityError? { box.withLock { $0 } }
}
