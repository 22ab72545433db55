import Foundation

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The system's `sshd` on a loopback port of its own, with keys made for it, as long as it lives.
package final class LoopbackSSH: @unchecked Sendable {
    // Only the test that made it uses it.
    package static let program = ["/usr/sbin/sshd", "/usr/bin/sshd"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    package let folder: String
    package let port: Int
    package var key: String { "\(folder)/id" }
    package var knownHosts: String { "\(folder)/known_hosts" }
    private var server: ChildProcess?

    package init() throws {
        folder = "\(NSTemporaryDirectory())/noizylab-ssh-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try? FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
        port = Int.random(in: 20_000..<32_000)
        for name in ["host", "id"] {
            try run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "\(folder)/\(name)")
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
    package func start() throws {
        server = try ChildProcess(
            [Self.program ?? "sshd", "-D", "-f", "\(folder)/config", "-E", "\(folder)/log"], output: "/dev/null")
        guard becomesTrueBlocking(seconds: 5, { isListening }) else { throw TestFailure("sshd does not listen") }
    }

    /// As a machine whose power is cut: the server and everything below it is gone at once.
    package func cutPower() {
        guard let server, let process = server.process else { return }
        for process in descendants(of: process) { kill(process, SIGKILL) }
        server.kill()
        self.server = nil
    }

    /// Ends the processes that serve connections, and nothing else: what they started goes on.
    package func dropConnections() {
        guard let process = server?.process else { return }
        for process in descendants(of: process) where name(of: process).hasPrefix("sshd") { kill(process, SIGKILL) }
    }

    package func remove() {
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

    private func descendants(of root: pid_t) -> [pid_t] {
        var children: [pid_t: [pid_t]] = [:]
        for line in ((try? run("ps", "-eo", "pid=,ppid=")) ?? "").split(separator: "\n") {
            let numbers = line.split(separator: " ").compactMap { pid_t($0) }
            if numbers.count == 2 { children[numbers[1], default: []].append(numbers[0]) }
        }
        var (found, open): ([pid_t], [pid_t]) = ([], [root])
        while let next = open.popLast() {
            found += children[next] ?? []
            open += children[next] ?? []
        }
        return found
    }

    private func name(of process: pid_t) -> String { (try? run("ps", "-o", "comm=", "-p", "\(process)")) ?? "" }

    @discardableResult
    private func run(_ arguments: String...) throws -> String {
        let output = "\(folder)/output-\(UUID().uuidString.prefix(8))"
        try ChildProcess(arguments, output: output).wait()
        defer { try? FileManager.default.removeItem(atPath: output) }
        return String(decoding: FileManager.default.contents(atPath: output) ?? Data(), as: UTF8.self)
    }
}
