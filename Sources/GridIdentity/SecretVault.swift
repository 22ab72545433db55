import Crypto
package import GridModel

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Seals what must not be readable in the store: AES-256-GCM with a key that lies in a file of its own (0600), so that
/// the database and its backups hold nothing without it.
///
/// The nonce is an HMAC of the text under a second key (as in SIV, RFC 5297): the same text is sealed to the same bytes,
/// which is how a repeated request is known, and a nonce meets another text only if the HMAC collides.
package struct SecretVault: Sendable, CustomStringConvertible, CustomReflectable {
    private let sealing: SymmetricKey
    private let naming: SymmetricKey

    private init(master: SymmetricKey) {
        func key(_ purpose: String) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(inputKeyMaterial: master, info: Data(purpose.utf8), outputByteCount: 32)
        }
        sealing = key("noizylab secrets seal")
        naming = key("noizylab secrets name")
    }

    /// With the key in the file, or a new one put there.
    package static func loadOrCreate(_ path: String) throws(IdentityError) -> SecretVault {
        if !PrivateFile.exists(path) {
            let fresh = SymmetricKey(size: .bits256).withUnsafeBytes { Hexadecimal.encode($0) }
            _ = try PrivateFile.create(fresh + "\n", at: path)
        }
        let text = try PrivateFile.read(path, isKey: true)
        guard let bytes = Hexadecimal.decode(text.prefix(64)), bytes.count == 32, text.dropFirst(64) == "\n" else {
            throw IdentityError(.malformed, "\(path) does not hold a key of 32 bytes in hexadecimal.")
        }
        return SecretVault(master: SymmetricKey(data: bytes))
    }

    /// Forgotten with the process.
    package static func inMemory() -> SecretVault { SecretVault(master: SymmetricKey(size: .bits256)) }

    /// Of an open one; others stay as they are.
    package func seal(_ secret: CommandSecret) throws(IdentityError) -> CommandSecret {
        guard secret.form == .open else { return secret }
        let nonce = HMAC<SHA256>.authenticationCode(for: secret.bytes, using: naming)
        do {
            let box = try AES.GCM.seal(
                secret.bytes, using: sealing,
                nonce: AES.GCM.Nonce(data: Array(nonce).prefix(CommandSecret.fingerprintBytes)))
            return CommandSecret(kept: Array(box.nonce) + Array(box.ciphertext) + Array(box.tag))
        } catch {
            throw IdentityError(.malformed, "A secret cannot be sealed.", cause: error)
        }
    }

    /// Of a sealed one; an open one stays as it is.
    package func open(_ secret: CommandSecret) throws(IdentityError) -> CommandSecret {
        guard secret.form != .open else { return secret }
        guard secret.form == .sealed,
            let box = try? AES.GCM.SealedBox(combined: Data(secret.bytes)),
            let opened = try? AES.GCM.open(box, using: sealing), let text = String(validating: opened, as: UTF8.self)
        else {
            throw IdentityError(.malformed, "A secret cannot be opened: it was erased, or sealed with another key.")
        }
        return CommandSecret(open: text)
    }

    package var description: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
