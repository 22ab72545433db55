import GridIdentity
import NIOSSL

/// The contents of a process's certificate files, read at one moment. The key's file must be private.
struct Credentials {
    let trust: TrustSet
    let certificatePEM: String
    let keyPEM: Secret
    /// Shown behind the certificate to those who know an authority's key by its hash alone; may be empty.
    private let chainPEM: String

    init(_ files: CertificateFiles) throws(IdentityError) {
        trust = try TrustSet(file: files.authority)
        certificatePEM = try PrivateFile.read(files.certificate)
        keyPEM = Secret(try PrivateFile.read(files.key, isKey: true))
        chainPEM = PrivateFile.exists(files.chain) ? try PrivateFile.read(files.chain) : ""
    }

    /// TLS 1.2 with forward secrecy only, or 1.3.
    func serverContext(asksForCertificates: Bool) throws(IdentityError) -> NIOSSLContext {
        do {
            let authorities = try NIOSSLCertificate.fromPEMBytes(Array(trust.pem.utf8))
            var chain = try NIOSSLCertificate.fromPEMBytes(Array(certificatePEM.utf8))
            // Whoever has a certificate has the trust set too.
            if !asksForCertificates, !chainPEM.isEmpty {
                chain += try NIOSSLCertificate.fromPEMBytes(Array(chainPEM.utf8))
            }
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(try key))
            configuration.minimumTLSVersion = .tlsv12
            configuration.cipherSuiteValues = [
                .TLS_AES_128_GCM_SHA256, .TLS_AES_256_GCM_SHA384, .TLS_CHACHA20_POLY1305_SHA256,
                .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            ]
            configuration.applicationProtocols = ["grpc-exp", "h2"]
            configuration.trustRoots = .certificates(authorities)
            // Only with verification on is the handshake's callback asked, and a certificate demanded.
            configuration.certificateVerification = asksForCertificates ? .noHostnameVerification : .none
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw IdentityError(.malformed, "The server's certificate and key cannot be used.", cause: error)
        }
    }

    /// What a client shows.
    func shown() throws(IdentityError) -> NIOSSLContextConfigurationOverride {
        do {
            var shown = NIOSSLContextConfigurationOverride()
            shown.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(certificatePEM.utf8))
                .map { .certificate($0) }
            shown.privateKey = .privateKey(try key)
            return shown
        } catch {
            throw IdentityError(.malformed, "The certificate and key cannot be used.", cause: error)
        }
    }

    private var key: NIOSSLPrivateKey {
        get throws { try NIOSSLPrivateKey(bytes: Array(keyPEM.reveal().utf8), format: .pem) }
    }
}
