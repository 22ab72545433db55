import GridIdentity
import GridModel
import Testing

@Suite struct JoinTokenTests {
    private let keyHash = (0..<32).map { UInt8($0 * 7) }

    @Test func `a token reads back as it was written`() throws {
        let token = JoinToken.make(authorityKeyHash: keyHash)
        let read = try JoinToken(parsing: token.text)

        #expect(read == token)
        #expect(read.secretHash == token.secretHash)
        #expect(read.authorityKeyHash == keyHash)
        #expect(token.text.hasPrefix("nzl1-"))
        #expect(token.text.utf8.count == 122)
    }

    @Test func `two tokens differ`() {
        #expect(JoinToken.make(authorityKeyHash: keyHash).text != JoinToken.make(authorityKeyHash: keyHash).text)
    }

    @Test func `printing a token does not tell its secret`() {
        let token = JoinToken.make(authorityKeyHash: keyHash)
        let secret = token.text.split(separator: "-")[1]
        var dumped = ""
        dump(token, to: &dumped)

        for text in ["\(token)", String(reflecting: token), dumped, "\([token])"] {
            #expect(!text.contains(secret))
        }
    }

    @Test(arguments: [
        ("", "begins with 'nzl1-'"), ("nzl2-a-b", "begins with 'nzl1-'"), ("nzl1", "three parts"),
        ("nzl1-aa", "three parts"), ("nzl1-a-b-c", "three parts"), ("nzl1-aa-bb", "second part"),
        ("nzl1-" + String(repeating: "a", count: 52) + "-zz", "third part"),
        ("nzl1-" + String(repeating: "A", count: 52) + "-" + String(repeating: "0", count: 64), "second part"),
        ("nzl1-" + String(repeating: "b", count: 52) + "-" + String(repeating: "0", count: 64), "second part"),
        ("nzl1-" + String(repeating: "a", count: 52) + "-" + String(repeating: "0", count: 63), "third part"),
        ("nzl1-" + String(repeating: "a", count: 100_000), "begins with 'nzl1-'"),
    ])
    func `a wrong token says what is wrong`(text: String, reason: String) {
        let error = #expect(throws: IdentityError.self) { try JoinToken(parsing: text) }

        #expect(error?.code == .malformed)
        #expect(error?.message.contains(reason) == true)
        #expect(JoinToken(text) == nil)
    }

    @Test func `base 32 and hexadecimal read back every length`() {
        for length in 0..<70 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 73 &+ length) }

            #expect(Base32.decode(Base32.encode(bytes)) == bytes)
            #expect(Hexadecimal.decode(Hexadecimal.encode(bytes)) == bytes)
        }
        #expect(Base32.encode(Array("foobar".utf8)) == "mzxw6ytboi")
        #expect(Base32.decode("a") == nil)
        #expect(Hexadecimal.decode("0G") == nil)
    }
}
