package import Subprocess

/// All that a program of the system answers when it is asked, also when it fails.
package struct ProgramAnswer: Sendable, Hashable {
    /// Nil when a signal ended it.
    package var exitCode: Int32?
    package var stdout: String
    package var stderr: String

    package var isSuccess: Bool { exitCode == 0 }

    /// Nil when it is not there, printed more than 256 KiB, or took longer than `limit`.
    ///
    /// - Parameter variables: added to the environment.
    package static func read(
        _ name: String, _ arguments: [String], environment: BaseEnvironment, adding variables: [String: String] = [:],
        within limit: Duration
    ) async -> ProgramAnswer? {
        await withTaskGroup(of: ProgramAnswer?.self) { group in
            group.addTask {
                let all = environment.variables.merging(["LC_ALL": "C"]) { $1 }.merging(variables) { $1 }
                let result = try? await run(
                    .name(name), arguments: Arguments(arguments), environment: .exactly(all), input: .none,
                    output: .string(limit: 256 * 1024), error: .string(limit: 256 * 1024))
                guard let result else { return nil }
                var code: Int32?
                if case .exited(let status) = result.terminationStatus { code = Int32(status) }
                return ProgramAnswer(
                    exitCode: code, stdout: result.standardOutput, stderr: result.standardError)
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }
}

extension Environment {
    /// These variables, and nothing of this process's own.
    package static func exactly(_ variables: [String: String]) -> Environment {
        let pairs = variables.map { (Key(stringLiteral: $0.key), $0.value) }
        return .custom(Dictionary(pairs, uniquingKeysWith: { $1 }))
    }
}
