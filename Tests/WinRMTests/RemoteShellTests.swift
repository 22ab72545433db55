import Crypto
import Foundation
import GridModel
import TestSupport
import Testing
import WinRM

/// The shell against a server that is strict about the protocol and breaks it when told to.
@Suite(
    .serialized, .enabled(if: StrictServer.isThere, "\(StrictServer.skipping)"), .timeLimit(.minutes(2)))
struct RemoteShellTests {
    private let server: StrictServer

    init() throws { server = try StrictServer() }

    @Test func `a sealed shell runs a command and is gone afterwards`() async throws {
        let (end, out, err) = try await run("#sh\nprintf 'h\\303\\251'; printf bad >&2; exit 7", server.settings())

        #expect(end == 7)
        #expect(out == "hé" && err.contains("bad"))
        #expect(try server.shellCount() == 0)
    }

    @Test(arguments: [WinRMSettings.Authentication.ntlm, .basic])
    func `https works by authority, with channel binding`(authentication: WinRMSettings.Authentication) async throws {
        try server.set(#"{"cbt": "strict"}"#)

        let (end, out, _) = try await run("echo one", server.settings(secure: true, authentication: authentication))

        #expect(end == 0 && out == "one\r\n")
    }

    @Test func `https works by pin, and not by another one`() async throws {
        let pin = Array(SHA256.hash(data: try server.certificate()))

        let (end, _, _) = try await run("echo one", server.settings(secure: true, trust: .pin(pin)))
        #expect(end == 0)

        let error = await #expect(throws: WinRMError.self) {
            try await run(
                "echo one", server.settings(secure: true, trust: .pin([UInt8](repeating: 1, count: 32))))
        }
        #expect(error?.code == .untrusted)
    }

    @Test func `an unknown certificate is refused`() async {
        let error = await #expect(throws: WinRMError.self) {
            try await run("echo one", server.settings(secure: true, trust: .system))
        }

        #expect(error?.code == .untrusted)
    }

    @Test func `a wrong password is denied, and is not in the message`() async throws {
        let error = await #expect(throws: WinRMError.self) {
            try await run("echo one", server.settings(password: "hunter2"))
        }

        #expect(error?.code == .denied)
        #expect(error?.message.contains("tester") == true && error?.message.contains("hunter2") == false)
    }

    @Test func `basic over http is refused before anything is sent`() async {
        let error = await #expect(throws: WinRMError.self) {
            try await run("echo one", server.settings(authentication: .basic))
        }

        #expect(error?.code == .configuration)
    }

    @Test func `a script of 200 kB runs from standard input`() async throws {
        let script = "# " + String(repeating: "x", count: 200_000) + "\nWrite-Output 'long'; exit 3"

        let (end, out, _) = try await run(
            PowerShell.waiting, server.settings(), input: PowerShell.input(script: script))

        #expect(end == 3 && out == "long\r\n")
    }

    @Test func `5,000 lines come in order`() async throws {
        let (end, out, _) = try await run("seq 1 5000", server.settings())

        #expect(end == 0)
        let isInOrder = out.split(whereSeparator: \.isNewline).map { Int($0) } == (1...5_000).map { $0 }
        #expect(isInOrder)
    }

    @Test(arguments: [
        #"{"kind":"drop_response","action":"Create"}"#, #"{"kind":"drop_response","action":"Command"}"#,
        #"{"kind":"drop_request","action":"Command"}"#, #"{"kind":"drop_response","action":"Signal"}"#,
        #"{"kind":"drop_response","action":"Delete"}"#, #"{"kind":"expire_session","action":"Receive"}"#,
        #"{"kind":"chunked","action":"Receive"}"#, #"{"kind":"close_after","action":"Receive"}"#,
        #"{"kind":"space_boundary","action":"Receive"}"#, #"{"kind":"http_503","action":"Create"}"#,
    ])
    func `a fault that can be got over runs the command once`(fault: String) async throws {
        let mark = FileManager.default.temporaryDirectory.appendingPathComponent("mark-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: mark) }
        try server.fault(fault)

        let (end, out, _) = try await run("#sh\necho x >> \(mark.path); echo done", server.settings())

        #expect(end == 0 && out.hasPrefix("done"))
        #expect(try String(contentsOf: mark, encoding: .utf8) == "x\n")
    }

    @Test(arguments: ["bad_signature", "bad_ciphertext", "bad_seq", "bad_length", "plain_response", "wrong_relates_to"])
    func `an answer that was tampered with ends in an error`(kind: String) async throws {
        try server.fault(#"{"kind":"\#(kind)","action":"Receive"}"#)

        let error = await #expect(throws: WinRMError.self) { try await run("echo one", server.settings()) }

        #expect(error?.code == .badAnswer)
    }

    @Test(arguments: ["Create", "Command", "Receive", "Signal", "Delete"])
    func `a host that hangs is asked again`(action: String) async throws {
        for kind in ["hang", "hang_response"] {
            try server.fault(#"{"kind":"\#(kind)","action":"\#(action)","seconds":6}"#)

            let (end, out, _) = try await run("echo one", server.settings())

            #expect(end == 0 && out == "one\r\n", "\(kind)")
        }
    }

    @Test(arguments: [
        ("http_404", WinRMError.Code.configuration, "404"), ("http_500_empty", .configuration, "500"),
        ("http_503", .unreachable, "503"), ("garbage", .badAnswer, "no XML"),
    ])
    func `an answer without an envelope is explained`(kind: String, code: WinRMError.Code, word: String) async throws {
        try server.fault(#"{"kind":"\#(kind)","action":"Create","count":9}"#)

        let error = await #expect(throws: WinRMError.self) { try await run("echo one", server.settings()) }

        #expect(error?.code == code)
        #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
    }

    @Test func `an answer that is cut after any number of bytes is asked for again`() async throws {
        for bytes in stride(from: 1, to: 1_500, by: 97) {
            try server.fault(#"{"kind":"drop_after_bytes","action":"Receive","n":\#(bytes)}"#)

            let (end, out, _) = try await run("echo one", server.settings())

            #expect(end == 0 && out == "one\r\n", "cut after \(bytes)")
        }
    }

    @Test(arguments: [
        (2_150_859_173, "MaxShellsPerUser"), (5, "Remote Management Users"), (2_150_858_811, "Enable-PSRemoting"),
    ])
    func `a fault is told with what mends it`(number: Int, remedy: String) async throws {
        try server.fault(
            #"{"kind":"soap_fault","action":"Create","code":"s:Receiver","subcode":"w:InternalError","reason":"nein","wsman_code":\#(number)}"#
        )

        let error = await #expect(throws: WinRMError.self) { try await run("echo one", server.settings()) }

        #expect(error?.fault == UInt32(number))
        #expect(error?.message.contains(remedy) == true, "\(error?.message ?? "")")
    }

    /// Opens a shell, runs one command in it, and deletes it whatever happens.
    @discardableResult
    private func run(
        _ line: String, _ settings: WinRMSettings, input: [UInt8] = []
    ) async throws -> (exitCode: Int32?, stdout: String, stderr: String) {
        let shell = RemoteShell(
            try HostConnector(settings: settings),
            id: UUID().uuidString, makeID: { UUID().uuidString })
        let result: Result<(Int32?, [ShellAnswer.Received.Piece]), any Error>
        do {
            try await shell.open()
            result = .success(try await finish(line, input, in: shell))
        } catch {
            result = .failure(error)
        }
        try? await shell.close()
        let (code, pieces) = try result.get()
        let text = { (stream: GridModel.OutputStream) in
            String(decoding: pieces.filter { $0.stream == stream }.flatMap(\.bytes), as: UTF8.self)
        }
        return (code, text(.stdout), text(.stderr))
    }

    private func finish(
        _ line: String, _ input: [UInt8], in shell: RemoteShell
    ) async throws -> (Int32?, [ShellAnswer.Received.Piece]) {
        let command = UUID().uuidString
        try await shell.start(line, id: command)
        try await shell.send(input, to: command, isEnd: true)
        var pieces: [ShellAnswer.Received.Piece] = []
        while true {
            guard let received = try await shell.receive(from: command) else { continue }
            pieces += received.pieces
            if received.isDone {
                try await shell.signal(.terminate, to: command)
                return (received.exitCode, pieces)
            }
        }
    }
}

extension StrictServer {
    func settings(
        secure: Bool = false, password: String = StrictServer.password,
        authentication: WinRMSettings.Authentication = .ntlm, trust: WinRMSettings.Trust? = nil
    ) -> WinRMSettings {
        var settings = WinRMSettings(
            host: "localhost", port: secure ? httpsPort : httpPort, isSecure: secure, user: StrictServer.user,
            password: WinRMPassword(password), authentication: authentication,
            trust: trust ?? .authorities(file: certificateFile))
        settings.receiveSeconds = 2
        settings.answerSeconds = 1
        return settings
    }
}
