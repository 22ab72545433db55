import ArgumentParser
import NoizyClient
import Testing

@testable import noizylab

/// What is said of input that cannot be meant: in the words in which it was typed.
@Suite struct InputErrorTests {
    private static func failure(_ arguments: [String]) -> CommandFailure? {
        do {
            _ = try RootCommand.parseAsRoot(arguments)
            return nil
        } catch {
            return UsageMessage.failure(for: error, arguments: arguments)
        }
    }

    @Test func `a time-out of nothing says what to write instead`() throws {
        let failure = try #require(Self.failure(["run", "--timeout", "0s", "--", "true"]))

        #expect(failure.code == 2)
        #expect(failure.message.contains("'0s' is no time-out: leave it out for none"), "\(failure)")
    }

    @Test(arguments: [("--priority", "-5"), ("--retries", "-1"), ("--cpu", "-0.5")])
    func `a negative value says how it is written`(option: String, value: String) throws {
        let failure = try #require(Self.failure(["run", option, value, "--", "true"]))

        #expect(failure.hint == "\(option)=\(value)", "\(failure)")
        #expect(failure.message.hasPrefix("\(option) \(value): "))
    }

    @Test func `an option without a value is no negative value`() throws {
        let failure = try #require(Self.failure(["run", "--priority", "--", "echo", "-5"]))

        #expect(!failure.message.contains("dash"), "\(failure)")
    }

    @Test(arguments: [
        ("NOIZYLAB_TASKS_PREEMT", "did you mean NOIZYLAB_TASKS_PREEMPT?"),
        ("NOIZYLAB_COORDINATOR_LISTN", "did you mean NOIZYLAB_COORDINATOR_LISTEN?"),
        ("NOIZYLAB_HOMME", "did you mean NOIZYLAB_HOME?"),
        ("NOIZYLAB_LIMITS_SOMETHING_ELSE", "noizylab config show tells what there is"),
    ]) func `a misspelt variable is told`(name: String, hint: String) {
        #expect(
            EnvironmentNames.warnings([name, "PATH"]) == [
                "\(name) is no variable of the configuration and changes nothing; \(hint)"
            ])
    }

    @Test func `nothing is said of variables that are known, or another's`() {
        let names =
            ConfigKey.all.map(\.variable) + [
                "NOIZYLAB_HOME", "NOIZYLAB_TASK", "NOIZYLAB_NODE", "NOIZYLAB_MARKED_BY_SOMEBODY", "NOIZYLABORATORY",
            ]
        #expect(EnvironmentNames.warnings(names) == [])
    }

    @Test(arguments: [
        ("spec.priority", "--priority"), ("spec.timeout_ms", "--timeout (in milliseconds)"),
        ("spec.command.arguments[2]", "word 3 of the command"), ("spec.command.environment", "--env"),
        ("spec.metadata", "spec.metadata"),
    ]) func `fields are told by the options that set them`(field: String, option: String) {
        #expect(FieldNames.option(field) == option)
    }
}
