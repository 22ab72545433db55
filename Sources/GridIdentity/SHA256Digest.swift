import Crypto

/// SHA-256, for whoever is not to know the library behind it.
package struct SHA256Digest: Sendable {
    private var hash = SHA256()

    package init() {}

    package mutating func update(_ bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
    }

    package func finish() -> [UInt8] { Array(hash.finalize()) }

    package static func of(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var digest = SHA256Digest()
        digest.update(bytes)
        return digest.finish()
    }
}
