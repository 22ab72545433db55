import Foundation
import ProcessShims

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A WS-Management server that enforces the protocol and breaks it when told to: a Python program of its own, as long as
/// this lives. `NOIZYLAB_WINRM_SERVER` names its script, else it is looked for beside the repository's folder;
/// `NOIZYLAB_WINRM_PYTHON` names an interpreter that has `pyspnego`, `lxml` and `cryptography`.
package final class StrictServer: @unchecked Sendable {
    // Only the test that made it uses it.
    private struct Ready: Decodable {
        let http: Int
        let https: Int
        let control: Int
    }

    package static let user = "tester"
    package static let password = "S3cret!pass"
    package static let skipping =
        "there is no test server for WinRM: NOIZYLAB_WINRM_SERVER is its script, NOIZYLAB_WINRM_PYTHON a Python with "
        + "pyspnego, lxml and cryptography"

    /// Whether there is one, and a Python that can run it.
    package static let isThere: Bool = {
        guard let script, FileManager.default.fileExists(atPath: script),
            let probe = try? ChildProcess(
                [python, "-c", "import spnego, lxml, cryptography"], output: "/dev/null")
        else { return false }
        return probe.wait() == 0
    }()

    private static let script: String? = {
        if let named = ProcessInfo.processInfo.environment["NOIZYLAB_WINRM_SERVER"] { return named }
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return repository.deletingLastPathComponent().appendingPathComponent("shared/winrm/winrm_server.py").path
    }()

    private static var python: String {
        ProcessInfo.processInfo.environment["NOIZYLAB_WINRM_PYTHON"] ?? "python3"
    }

    package let folder: String
    private let arguments: [String]
    private var process: ChildProcess
    private var ports: Ready

    /// - Parameter arguments: such as `--set`, `max_shells_per_user=2`. Returns when it listens.
    package init(_ arguments: [String] = []) throws {
        folder = "\(NSTemporaryDirectory())/noizylab-winrm-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        self.arguments = arguments
        (process, ports) = try Self.start(folder, arguments, http: 0, https: 0, control: 0)
    }

    deinit {
        process.kill()
        try? FileManager.default.removeItem(atPath: folder)
    }

    package var httpPort: Int { ports.http }
    package var httpsPort: Int { ports.https }
    /// In PEM; self-signed.
    package var certificateFile: String { "\(folder)/winrm.crt" }

    /// In DER.
    package func certificate() throws -> [UInt8] {
        let text = try String(contentsOfFile: certificateFile, encoding: .utf8)
        let base64 = text.split(separator: "\n").filter { !$0.hasPrefix("-") }.joined()
        return Array(Data(base64Encoded: base64) ?? Data())
    }

    /// As a host whose power is cut.
    package func cutPower() { process.kill() }

    /// On the same ports as before.
    package func restart() throws {
        (process, ports) = try Self.start(
            folder, arguments, http: ports.http, https: ports.https, control: ports.control)
    }

    package func fault(_ json: String) throws { _ = try control("fault", json) }

    package func set(_ json: String) throws { _ = try control("config", json) }

    package func reset() throws { _ = try control("reset", "") }

    /// How many shells are open, and all else it holds.
    package func state() throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: control("state", nil)) as? [String: Any] ?? [:]
    }

    package func shellCount() throws -> Int { try shells().count }

    /// The ids of those that are open.
    package func shells() throws -> [String] {
        (try state()["shells"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
    }

    package func counter(_ name: String) throws -> Int {
        ((try state()["counters"] as? [String: Any])?[name] as? Int) ?? 0
    }

    private static func start(
        _ folder: String, _ arguments: [String], http: Int, https: Int, control: Int
    ) throws -> (ChildProcess, Ready) {
        let ready = "\(folder)/ready.json"
        try? FileManager.default.removeItem(atPath: ready)
        let process = try ChildProcess(
            [
                python, script ?? "", "--http", "\(http)", "--https", "\(https)", "--control", "\(control)",
                "--tls-dir", folder, "--ready", ready,
            ] + arguments, output: "\(folder)/log")
        var found: Ready?
        let isReady = becomesTrueBlocking(seconds: 15) {
            found = FileManager.default.contents(atPath: ready).flatMap {
                try? JSONDecoder().decode(Ready.self, from: $0)
            }
            return found != nil
        }
        if isReady, let found { return (process, found) }
        process.kill()
        let log = FileManager.default.contents(atPath: "\(folder)/log") ?? Data()
        throw TestFailure("the test server does not start: \(String(decoding: log, as: UTF8.self))")
    }

    private func control(_ path: String, _ json: String?) throws -> Data {
        let body = json ?? ""
        let request =
            "\(json == nil ? "GET" : "POST") /\(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
            + "\(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
        let answer = try PlainExchange.run(Array(request.utf8), port: ports.control)
        guard let end = answer.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound else {
            throw TestFailure("the test server's control port says nothing to \(path)")
        }
        return Data(answer[end...])
    }
}
