import GridIdentity
import NIOSSL

/// The contents of a process's certificate files, read once. The key's file must be private.
struct Credentials {
    let authorityPEM: String
    let certificatePEM: String
    let keyPEM: Secret

    init(_ files: CertificateFiles) throws(IdentityError) {
        authorityPEM = try PrivateFile.read(files.authority)
        certificatePEM = try PrivateFile.read(files.certificate)
        keyPEM = Secret(try PrivateFile.read(files.key, isKey: true))
    }

    /// TLS 1.2 with forward secrecy only, or 1.3.
    func serverContext(asksForCertificates: Bool) throws(IdentityError) -> NIOSSLContext {
        do {
            let authority = try NIOSSLCertificate.fromPEMBytes(Array(authorityPEM.utf8))
            let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificatePEM.utf8)) + authority
            let key = try NIOSSLPrivateKey(bytes: Array(keyPEM.reveal().utf8), format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
            configuration.minimumTLSVersion = .tlsv12
            configuration.cipherSuiteValues = [
                .TLS_AES_128_GCM_SHA256, .TLS_AES_256_GCM_SHA384, .TLS_CHACHA20_POLY1305_SHA256,
                .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            ]
            configuration.applicationProtocols = ["grpc-exp", "h2"]
            configuration.trustRoots = .certificates(authority)
            // Only with verification on is the handshake's callback asked, and a certificate demanded.
            configuration.certificateVerification = asksForCertificates ? .noHostnameVerification : .none
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw IdentityError(.malformed, "The server's certificate and key cannot be used.", cause: error)
        }
    }
}
