import Foundation
import Testing

/// Existing programs: a Python client with stubs made from the wire's description alone.
@Suite(.lab, .serialized, .timeLimit(.minutes(5)))
struct PythonClientTests {
    @Test func `an existing Python client calls all ten methods and finds them as described`() async throws {
        let grid = try GridFixture.current
        let identities = try await grid.issueIdentities()
        let address = try await grid.listenAddress()
        let result = try await RunningProgram(
            Workspace.python(),
            ["\(Workspace.package)/Tests/EndToEndTests/Python/client.py", "localhost:\(address.port)", identities]
                + [grid.scratch],
            environment: grid.environment.merging(["PYTHONDONTWRITEBYTECODE": "1", "GRPC_VERBOSITY": "NONE"]) { $1 }
        ).finished(within: .seconds(240))

        print(result.stdout)
        let failed = result.lines.filter { $0.hasPrefix("FAIL") }
        #expect(
            result.exitCode == 0 && failed.isEmpty, "\(failed.joined(separator: "\n"))\n\(result.stderr.suffix(3000))")
    }
}
