import Testing
import WinRM

struct CLIXMLTests {
    private static let open =
        "#< CLIXML\r\n<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">"

    @Test func `errors of several documents and raw text between them become plain text`() {
        let output =
            Self.open
            + #"<S S="Error">a &lt;b&gt; &amp; _x005F_x000A_ _x0009_tab _xD83D__xDE00_ _X000A_ _x00e9__x000D__x000A_</S>"#
            + #"<S S="warning">careful</S><S S="Error">second</S></Objs>plain text"# + "\r\n"
            + Self.open + #"<S S="Error">third</S></Objs>"#

        let reading = CLIXML.read(output)

        #expect(reading.text == "a <b> & _x000A_ \ttab 😀 \n é\r\nWARNING: careful\r\nsecondplain text\r\nthird")
        #expect(reading.progress.isEmpty)
    }

    @Test func `progress is told apart`() {
        let output =
            Self.open
            + #"<Obj S="progress" RefId="0"><MS><I64 N="SourceId">1</I64><PR N="Record"><AV>Copying</AV><AI>0</AI><Nil/>"#
            + "<PI>-1</PI><PC>40</PC><T>Processing</T><SR>-1</SR><SD>file 4</SD></PR></MS></Obj></Objs>"

        #expect(
            CLIXML.read(output)
                == .init(text: "", progress: [.init(activity: "Copying", status: "file 4", percent: 40)]))
    }

    @Test func `a document without its end gives the records that are whole`() {
        let output = Self.open + #"<S S="Error">first</S><S S="Error">sec"#

        #expect(CLIXML.read(output).text == "first")
    }

    @Test(arguments: ["", "plain", "#< CLIXML", "#< CLIXML\n<Objs", "#< CLIXML <x></Objs>", "é\r\nzwei"])
    func `nothing is refused`(output: String) {
        let reading = CLIXML.read(output)

        #expect(reading.text == (output.hasPrefix("#< CLIXML") && !output.hasSuffix("</Objs>") ? "" : output))
    }

    @Test func `cut anywhere and come in two, it says the same`() {
        let output = Array(
            ("native\n" + Self.open + #"<S S="Error">one_x000D__x000A_</S>"# + "raw <words>\n"
                + #"<Obj S="progress" RefId="0"><MS><PR N="Record"><AV>A</AV><PC>7</PC><SD>s</SD></PR>"#
                + #"<Obj N="inner"><S>x</S></Obj></MS></Obj><S S="Error">two</S></Objs>"# + "#< and more").utf8)
        let whole = CLIXML.read(String(decoding: output, as: UTF8.self))

        for place in output.indices {
            var stream = CLIXMLStream()
            let items = stream.take(Array(output[..<place])) + stream.take(Array(output[place...])) + stream.finish()
            let text = items.flatMap { if case .text(let bytes) = $0 { bytes } else { [UInt8]() } }
            #expect(String(decoding: text, as: UTF8.self) == whole.text, "cut at \(place)")
            #expect(items.contains(.progress(.init(activity: "A", status: "s", percent: 7))))
        }
        #expect(whole.text == "native\none\r\nraw <words>\ntwo#< and more")
    }

    @Test func `a record is told as soon as it is whole`() {
        var stream = CLIXMLStream()

        #expect(
            stream.take(Array((Self.open + #"<S S="Error">first</S><S S="Er"#).utf8)) == [.text(Array("first".utf8))])
        #expect(stream.take(Array(#"ror">second</S>"#.utf8)) == [.text(Array("second".utf8))])
    }
}
