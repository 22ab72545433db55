import GridModel
import Testing
import WinRM

struct ShellMessageTests {
    private static let operations: [ShellRequest.Operation] = [
        .create(environment: ["A": "<&\">"], workingDirectory: #"C:\a b"#, idleSeconds: 900),
        .command(id: "C1", line: "echo \"a & b\" > x"), .receive(command: "C1"),
        .send(command: "C1", bytes: Array("hi".utf8), isEnd: true), .signal(command: "C1", .interrupt), .delete,
    ]

    @Test(arguments: operations)
    func `every request is well-formed and has a body`(operation: ShellRequest.Operation) throws {
        let request = ShellRequest(operation, shell: "S1", endpoint: "https://h:5986/wsman", message: "m1")

        let envelope = try XMLReader.read(Array(request.envelope.utf8))

        #expect(envelope.first("Header")?.first("MessageID")?.text == "uuid:m1")
        #expect(envelope.first("Body") != nil)
    }

    @Test func `a shell's parts stand in the order of the schema, and what is given comes back`() throws {
        let request = ShellRequest(Self.operations[0], shell: "S1", endpoint: "e", message: "m")

        let shell = try #require(try XMLReader.read(Array(request.envelope.utf8)).descendant("Shell"))

        #expect(
            shell.children.map(\.name) == [
                "Environment", "WorkingDirectory", "IdleTimeOut", "InputStreams", "OutputStreams",
            ])
        #expect(shell.attributes == ["ShellId": "S1"])
        #expect(shell.descendant("Variable")?.text == "<&\">")
    }

    @Test func `output comes in order, and the end with its code`() throws {
        let answer = try Self.answer(
            """
            <r:ReceiveResponse xmlns:r="x"><r:Stream Name="stdout" CommandId="C">w6k=</r:Stream>\
            <r:Stream Name="stderr" CommandId="C">/w==</r:Stream><r:Stream Name="stdout" CommandId="C" End="true"/>\
            <r:CommandState CommandId="C" State="http://x/CommandState/Running"/>\
            <r:CommandState CommandId="C" State="http://x/CommandState/Done"><r:ExitCode>4294967295</r:ExitCode>\
            </r:CommandState></r:ReceiveResponse>
            """)

        let received = try answer.received()

        #expect(received.pieces == [.init(.stdout, [0xc3, 0xa9]), .init(.stderr, [0xff])])
        #expect(received.isDone && received.exitCode == -1)
    }

    @Test(arguments: [
        (UInt32(2_150_858_793), Fault.Meaning.nothingYet), (2_150_858_843, .gone), (2_150_859_222, .exists),
        (2_150_859_223, .exists), (2_150_859_173, .busy), (2_150_859_174, .shellUsedUp), (5, .denied),
        (2_147_942_405, .denied), (2_147_942_509, .inputClosed), (995, .aborted), (87, .other),
    ])
    func `a fault is judged by its number and explained`(number: UInt32, meaning: Fault.Meaning) throws {
        let error = #expect(throws: WinRMError.self) {
            try Self.answer(
                """
                <s:Fault><s:Reason><s:Text xml:lang="de">Nein.</s:Text></s:Reason><s:Detail><f:WSManFault xmlns:f="y" \
                Code="\(number)"><f:Message>Der Parameter
                   ist falsch.</f:Message></f:WSManFault></s:Detail></s:Fault>
                """)
        }

        #expect(error?.fault == number)
        #expect(Fault.meaning(number) == meaning)
        #expect((error?.message.contains("Der Parameter ist falsch. (fault 87)") == true) == (meaning == .other))
    }

    @Test func `an answer to another request is refused`() {
        #expect(throws: WinRMError.self) { try Self.answer("", relatesTo: "uuid:other") }
        #expect(throws: WinRMError.self) { try ShellAnswer(Array("<html/>".utf8), to: "m1") }
    }

    @Test func `a script is quoted so that nothing in it ends the quotation`() {
        #expect(PowerShell.quote("it's \u{2019}x\u{2019}") == "'it''s \u{2019}\u{2019}x\u{2019}\u{2019}'")
    }

    @Test func `the line that runs a script from standard input fits every host`() {
        #expect(PowerShell.waiting.count < PowerShell.lineCharacters)
        #expect(PowerShell.input(script: "é") == Array("0000000004w6k=".utf8))
    }

    @discardableResult
    private static func answer(_ body: String, relatesTo: String = "uuid:M1") throws -> ShellAnswer {
        try ShellAnswer(
            Array(
                """
                <s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="z"><s:Header>\
                <a:RelatesTo>\(relatesTo)</a:RelatesTo></s:Header><s:Body>\(body)</s:Body></s:Envelope>
                """.utf8), to: "m1")
    }
}
