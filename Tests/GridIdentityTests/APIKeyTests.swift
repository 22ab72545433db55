import GridIdentity
import TestSupport
import Testing

struct APIKeyTests {
    @Test func `a key comes back from its text and its header`() throws {
        let key = APIKey.make()
        #expect(key.text.utf8.count == 74)
        #expect(key.text.hasPrefix("nzk1-\(key.id)-"))
        #expect(try APIKey(parsing: key.text) == key)
        #expect(try APIKey.fromHeader(key.header) == key)
        #expect(try APIKey.fromHeader("bEaReR \(key.text)") == key)
    }

    @Test func `no two are alike`() {
        let keys = (0..<1_000).map { _ in APIKey.make() }
        #expect(Set(keys).count == 1_000)
        #expect(Set(keys.map(\.id)).count == 1_000)
    }

    @Test func `a hash fits its key and no other`() {
        let (key, other) = (APIKey.make(), APIKey.make())
        let hash = APIKeyHash(of: key)
        #expect(hash.isOf(key))
        #expect(!hash.isOf(other))
        #expect(APIKeyHash(of: key) != hash, "each has a salt of its own")
        #expect(!APIKeyHash(salt: hash.salt, code: []).isOf(key))
        #expect(!APIKeyHash(salt: [], code: hash.code).isOf(key))
    }

    @Test func `the secret is printed by nobody`() {
        let key = APIKey.make()
        let secret = String(key.text.suffix(52))
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped, "\(APIKeyHash(of: key))"] {
            #expect(!text.contains(secret))
        }
    }

    @Test(arguments: ["Basic Zm9vOmJhcg==", "", "Bearer", "nzk1", "Digest x y"])
    func `another kind of header is no key`(header: String) throws {
        #expect(try APIKey.fromHeader(header) == nil)
    }

    @Test(arguments: ["Bearer ", "Bearer x", "Bearer nzk1-", "Bearer  nzk1-a-b", "Bearer nzl1-a-b"])
    func `a header that should hold a key and does not is refused`(header: String) {
        #expect(throws: IdentityError.self) { try APIKey.fromHeader(header) }
    }

    /// Every one-byte change and every cut of a good key: refused, or another key, and never repeated in the message.
    @Test func `fuzz: a damaged key is refused or another`() {
        var random = SeededChance.announced(for: "API keys")
        let key = APIKey.make()
        let text = Array(key.text.utf8)
        for round in 0..<20_000 {
            let damaged = random.damaged(text)
            let string = String(decoding: damaged, as: UTF8.self)
            do {
                let parsed = try APIKey(parsing: string)
                #expect(parsed != key || damaged == text, "round \(round)")
                #expect(parsed.text == string, "one spelling, round \(round)")
            } catch {
                #expect(!error.message.contains(String(key.text.suffix(20))))
            }
            _ = try? APIKey.fromHeader("Bearer " + string)
            _ = try? APIKey.fromHeader(string)
        }
    }
}
