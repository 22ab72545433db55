import Foundation
import Testing

@testable import noizylab

struct JSONValueTests {
    @Test func `keys keep their order`() {
        let value = JSONValue.object(["b": 1, "a": [true, nil, "x"], "c": .double(1.5), "d": .double(2)])

        #expect(value.compact == #"{"b":1,"a":[true,null,"x"],"c":1.5,"d":2}"#)
        #expect(
            value.pretty == """
                {
                  "b": 1,
                  "a": [
                    true,
                    null,
                    "x"
                  ],
                  "c": 1.5,
                  "d": 2
                }
                """)
        #expect(JSONValue.object([:]).pretty == "{}")
    }

    @Test(arguments: ["", "\"\\/", "line\nend\r\t", "\u{1B}[31m", "\u{0}\u{7F}\u{9B}", "日本👍", "\u{202E}\u{2028}"])
    func `any text survives, and no control character is printed`(text: String) throws {
        let printed = JSONValue.array([.string(text)]).compact

        #expect(try JSONDecoder().decode([String].self, from: Data(printed.utf8)) == [text])
        #expect(!printed.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) })
    }

    @Test func `what is no number is null`() {
        #expect(JSONValue.array([.double(.nan), .double(.infinity)]).compact == "[null,null]")
    }
}
