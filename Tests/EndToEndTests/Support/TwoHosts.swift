import Foundation
import TestSupport
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Two hosts of this test on one machine: network namespaces with a cable (veth) between them, 10.77.N.1 and 10.77.N.2.
/// Linux, as root.
final class TwoHosts: Sendable {
    static let isPossible: Bool = {
        #if os(Linux)
            geteuid() == 0 && ip != nil
        #else
            false
        #endif
    }()

    private static let ip = ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    let network: String
    let first: String
    let second: String
    private let name: String

    init() async throws {
        let number = Int.random(in: 0...255)
        name = "noizylab-\(getpid())-\(number)"
        (network, first, second) = ("10.77.\(number).0/28", "10.77.\(number).1", "10.77.\(number).2")
        for (host, address) in [("a", first), ("b", second)] {
            try await Self.run(["netns", "add", "\(name)-\(host)"])
            if host == "b" {
                try await Self.run([
                    "-n", "\(name)-a", "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns",
                    "\(name)-b",
                ])
                try await Self.run(["-n", "\(name)-a", "address", "add", "\(first)/28", "dev", "cable"])
                try await Self.run(["-n", "\(name)-b", "address", "add", "\(address)/28", "dev", "cable"])
            }
        }
        for host in ["a", "b"] {
            for link in ["lo", "cable"] { try await Self.run(["-n", "\(name)-\(host)", "link", "set", link, "up"]) }
        }
    }

    /// Runs a program to its end on one of them.
    func on(
        _ host: String, _ program: String, _ arguments: [String], environment: [String: String], folder: String,
        within limit: Duration = .seconds(60)
    ) async throws -> ProgramResult {
        try await RunningProgram(
            Self.ip ?? "ip", ["netns", "exec", "\(name)-\(host)", program] + arguments, environment: environment,
            folder: folder
        ).finished(within: limit)
    }

    func remove() async {
        for host in ["a", "b"] { try? await Self.run(["netns", "delete", "\(name)-\(host)"]) }
    }

    private static func run(_ arguments: [String]) async throws {
        let result = try await RunningProgram(
            ip ?? "ip", arguments, environment: ProcessInfo.processInfo.environment
        ).finished(within: .seconds(10))
        guard result.exitCode == 0 else { throw TestFailure("\(result)") }
    }
}
