import Executors
import GridModel
import Links
import TestSupport

/// A road over a server of its own, for what happens before and while it is open.
func withSSHRoad(
    prepare: (LoopbackSSH) throws -> Void = { _ in }, _ body: (SSHRoad, LoopbackSSH) async throws -> Void
) async throws {
    let ssh = try LoopbackSSH()
    defer { ssh.remove() }
    try prepare(ssh)
    let node = NodeName(checked: "test")
    let processes = NodeExecutor(
        settings: ExecutorSettings(node: node, workFolder: "\(ssh.folder)/w", recordsFolder: "\(ssh.folder)/r"))
    defer { processes.stop() }
    let settings = SSHSettings(
        node: node, address: "127.0.0.1", port: ssh.port, key: ssh.key, knownHosts: ssh.knownHosts, tag: "bare",
        socketFolder: ssh.folder)
    try await body(
        SSHRoad(settings: settings, processes: processes, environment: BaseEnvironment.ofThisProcess().variables), ssh)
}
