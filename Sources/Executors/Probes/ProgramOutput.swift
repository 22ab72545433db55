import Subprocess

/// Asks a program of the system a question.
package enum ProgramOutput {
    /// What it printed on standard output; nil when it is not there, failed, or took longer than `limit`.
    package static func read(
        _ name: String, _ arguments: [String], environment: BaseEnvironment, within limit: Duration
    ) async -> String? {
        await withTaskGroup(of: String?.self) { group in
            group.addTask {
                let variables = environment.variables.merging(["LC_ALL": "C"]) { $1 }
                var values: [Environment.Key: String] = [:]
                for (name, value) in variables { values[Environment.Key(stringLiteral: name)] = value }
                let result = try? await run(
                    .name(name), arguments: Arguments(arguments), environment: .custom(values), input: .none,
                    output: .string(limit: 256 * 1024), error: .discarded)
                guard let result, case .exited(0) = result.terminationStatus else { return nil }
                return result.standardOutput
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
