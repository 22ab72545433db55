import Testing
import WinRM

struct XMLReaderTests {
    private static let envelope = """
        <?xml version="1.0"?><!-- a --><s:Envelope xmlns:s="urn:soap" xml:lang="en-US">\
        <s:Body a='1 &lt; &#x32;'><r:Stream xmlns:r="urn:shell" Name="stdout">aGk=</r:Stream><plain xmlns="urn:p"/>\
        x&amp;<![CDATA[<y>]]>&#x1F600;</s:Body></s:Envelope>
        """

    @Test func `a document is read by namespace`() throws {
        let root = try XMLReader.read(Array(Self.envelope.utf8))

        let body = try #require(root.first("Body"))
        #expect(root.namespace == "urn:soap" && root.attributes == ["lang": "en-US"])
        #expect(body.attributes == ["a": "1 < 2"] && body.text == "x&<y>😀")
        #expect(
            root.descendant("Stream")
                == XMLElement(
                    namespace: "urn:shell", name: "Stream", attributes: ["Name": "stdout"], text: "aGk="))
        #expect(body.first("plain")?.namespace == "urn:p")
    }

    @Test func `a document that is cut anywhere is refused`() {
        let whole = Array(Self.envelope.utf8)

        for cut in whole.indices {
            #expect(throws: WinRMError.self, "cut at \(cut)") { try XMLReader.read(Array(whole[..<cut])) }
        }
    }

    @Test(arguments: [
        #"<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>"#,
        #"<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>"#, "<x>&a;</x>", "<x>&#xD800;</x>", "<x>&amp</x>",
        "<x></y>", "<x/><y/>", "<x", "<p:x/>", #"<x a="1" a="2"/>"#, "<x a=1/>", #"<x a="<"/>"#, "", "text", "<x/>text",
    ])
    func `what is not wanted is refused`(text: String) {
        #expect(throws: WinRMError.self) { try XMLReader.read(Array(text.utf8)) }
    }

    @Test func `size, depth and count are bounded`() {
        let deep = String(repeating: "<x>", count: 100_000)
        let wide = "<r>" + String(repeating: "<x/>", count: 11) + "</r>"
        var bounds = XMLReader.Bounds()
        bounds.elements = 10

        #expect(throws: WinRMError.self) { try XMLReader.read(Array(deep.utf8)) }
        #expect(throws: WinRMError.self) { try XMLReader.read(Array(wide.utf8), bounds: bounds) }
        bounds.bytes = 4
        #expect(throws: WinRMError.self) { try XMLReader.read(Array("<abc/>".utf8), bounds: bounds) }
        #expect(throws: WinRMError.self) { try XMLReader.read([60, 120, 62, 0xff, 60, 47, 120, 62]) }
    }
}
