import Foundation
import GridIdentity
import GridModel
import Testing

struct SecretVaultTests {
    @Test(arguments: ["", "x", "hunter2", String(repeating: "ü", count: 5_000)])
    func `what was sealed is opened by the same key alone`(text: String) throws {
        let vault = SecretVault.inMemory()
        let open = CommandSecret(open: text)

        let sealed = try vault.seal(open)

        #expect(sealed.form == .sealed)
        if text.utf8.count > 1 { #expect(!String(decoding: sealed.bytes, as: UTF8.self).contains(text)) }
        #expect(try vault.open(sealed).bytes == open.bytes)
        #expect(throws: IdentityError.self) { try SecretVault.inMemory().open(sealed) }
        var forged = sealed.bytes
        forged[forged.count - 1] ^= 1
        #expect(throws: IdentityError.self) { try vault.open(CommandSecret(kept: forged)) }
    }

    @Test func `the same text is known again, sealed or erased, and another is not`() throws {
        let vault = SecretVault.inMemory()
        let one = try vault.seal(CommandSecret(open: "one"))

        #expect(try vault.seal(CommandSecret(open: "one")) == one)
        #expect(try vault.seal(CommandSecret(open: "two")) != one)
        #expect(one.erased == one)
        #expect(one.erased.form == .erased)
        #expect(throws: IdentityError.self) { try vault.open(one.erased) }
        #expect(one != CommandSecret(open: "one"))
    }

    @Test func `the key is made once, for its owner alone`() throws {
        let folder = NSTemporaryDirectory() + "vault-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try PrivateFile.makeFolder(folder)
        let path = folder + "/secrets.key"
        let sealed = try SecretVault.loadOrCreate(path).seal(CommandSecret(open: "text"))

        #expect(try SecretVault.loadOrCreate(path).open(sealed) == CommandSecret(open: "text"))
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        #expect(throws: IdentityError.self) { try SecretVault.loadOrCreate(path) }
    }

    @Test func `a secret prints as nothing`() {
        let secret = CommandSecret(open: "hunter2")
        var dumped = ""
        dump(Command(invocation: .arguments(["x"]), secrets: ["A": secret]), to: &dumped)

        #expect("\(secret)" == "***")
        #expect(!dumped.contains("hunter2"))
        #expect(!dumped.contains("104"))
    }
}
