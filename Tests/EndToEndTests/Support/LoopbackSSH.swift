import Foundation
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The system's `sshd` on a loopback port of its own, with keys made for it, as long as it lives.
final class LoopbackSSH: @unchecked Sendable {
    // Only the test that made it uses it.
    static let program = ["/usr/sbin/sshd", "/usr/bin/sshd"].first { FileManager.default.isExecutableFile(atPath: $0) }

    let folder: String
    let port: Int
    var key: String { "\(folder)/id" }
    var knownHosts: String { "\(folder)/known_hosts" }
    private var server: Process?

    init() throws {
        folder = "\(NSTemporaryDirectory())/noizylab-ssh-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try? FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
        port = Int.random(in: 20_000..<32_000)
        for name in ["host", "id"] {
            try Self.run("/usr/bin/env", ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "\(folder)/\(name)"])
        }
        let publicKey = try String(contentsOfFile: "\(folder)/host.pub", encoding: .utf8).split(separator: " ")
        try "[127.0.0.1]:\(port) \(publicKey[0]) \(publicKey[1])\n".write(
            toFile: knownHosts, atomically: true, encoding: .utf8)
        try """
        Port \(port)
        ListenAddress 127.0.0.1
        HostKey \(folder)/host
        AuthorizedKeysFile \(folder)/id.pub
        PidFile none
        StrictModes no
        UsePAM no
        PasswordAuthentication no
        MaxSessions 40
        MaxStartups 100
        """.write(toFile: "\(folder)/config", atomically: true, encoding: .utf8)
        try start()
    }

    /// Returns when it takes connections.
    func start() throws {
        let server = Process()
        server.executableURL = URL(fileURLWithPath: Self.program ?? "/usr/sbin/sshd")
        server.arguments = ["-D", "-f", "\(folder)/config", "-E", "\(folder)/log"]
        try server.run()
        self.server = server
        for _ in 0..<500 where !isListening { usleep(10_000) }
        try #require(isListening, "sshd does not listen")
    }

    /// As a machine whose power is cut: the server and everything below it is gone at once.
    func cutPower() {
        guard let server else { return }
        for process in Self.descendants(of: server.processIdentifier) + [server.processIdentifier] {
            kill(process, SIGKILL)
        }
        server.waitUntilExit()
        self.server = nil
    }

    /// Ends the processes that serve connections, and nothing else: what they started goes on.
    func dropConnections() {
        guard let server else { return }
        for process in Self.descendants(of: server.processIdentifier) where Self.name(of: process) == "sshd" {
            kill(process, SIGKILL)
        }
    }

    func remove() {
        cutPower()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private var isListening: Bool {
        let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(handle) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(handle, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func descendants(of root: Int32) -> [Int32] {
        let pairs = (try? run("/usr/bin/env", ["ps", "-eo", "pid=,ppid="])) ?? ""
        var children: [Int32: [Int32]] = [:]
        for line in pairs.split(separator: "\n") {
            let numbers = line.split(separator: " ").compactMap { Int32($0) }
            if numbers.count == 2 { children[numbers[1], default: []].append(numbers[0]) }
        }
        var (found, open): ([Int32], [Int32]) = ([], [root])
        while let next = open.popLast() {
            found += children[next] ?? []
            open += children[next] ?? []
        }
        return found
    }

    private static func name(of process: Int32) -> String {
        ((try? run("/usr/bin/env", ["ps", "-o", "comm=", "-p", "\(process)"])) ?? "").split(separator: "\n").first
            .map { $0.hasPrefix("sshd") ? "sshd" : String($0) } ?? ""
    }

    @discardableResult
    private static func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }
}
