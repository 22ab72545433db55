/// Asks a program of the system a question.
package enum ProgramOutput {
    /// What it printed on standard output; nil when it is not there, failed, or took longer than `limit`.
    package static func read(
        _ name: String, _ arguments: [String], environment: BaseEnvironment, within limit: Duration
    ) async -> String? {
        let answer = await ProgramAnswer.read(name, arguments, environment: environment, within: limit)
        return answer?.isSuccess == true ? answer?.stdout : nil
    }
}
