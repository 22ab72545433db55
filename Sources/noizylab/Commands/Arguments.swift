import ArgumentParser
import GridModel

/// Values of flags, checked where they are typed.
enum Arguments {
    /// What was typed reaches programs as it is, or not at all: Swift would mend words that are not UTF-8 in silence.
    static func checkEncoding() throws {
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let word = CommandLine.unsafeArgv[index], String(validatingCString: word) == nil else { continue }
            throw CommandFailure(
                .usage, "word \(index) of the command line, '\(String(cString: word))', is not UTF-8",
                try: "an escape that the program itself reads, or its input: --stdin")
        }
    }

    /// An empty key would be no key at all, so that a script with an unset variable would lose its safety.
    @Sendable static func key(_ text: String) throws -> String {
        guard !text.isEmpty else { throw ValidationError("--key is empty: give the task a name, or leave --key out") }
        return text
    }

    @Sendable static func duration(_ text: String) throws -> Int64 {
        guard let milliseconds = DurationText.milliseconds(text) else {
            throw ValidationError("'\(text)' is not a span of time: write 500ms, 30s, 10m or 1h")
        }
        return milliseconds
    }

    /// A limit: 0 is none, and who writes it may mean at once or never.
    @Sendable static func limit(_ text: String) throws -> Int64 {
        let milliseconds = try duration(text)
        guard milliseconds > 0 else {
            throw ValidationError(
                "'\(text)' is no time-out: leave it out for none, or write a span such as 30s (at least 1ms)")
        }
        return milliseconds
    }

    @Sendable static func size(_ text: String) throws -> Int64 {
        guard let bytes = SizeText.bytes(text) else {
            throw ValidationError("'\(text)' is not an amount of bytes: write 512MiB or 2GiB")
        }
        return bytes
    }

    /// Cores, in thousandths.
    @Sendable static func cores(_ text: String) throws -> Int64 {
        guard let cores = Double(text), cores >= 0, cores < 1e9 else {
            throw ValidationError("'\(text)' is not a number of cores: write 1 or 0.5")
        }
        return Int64((cores * 1_000).rounded())
    }

    @Sendable static func counted(_ text: String) throws -> CountedResource {
        guard let equals = text.lastIndex(of: "="), equals != text.startIndex,
            let count = Int64(text[text.index(after: equals)...]), count > 0
        else { throw ValidationError("'\(text)' is not NAME=N with N at least 1") }
        return CountedResource(name: String(text[..<equals]), count: count)
    }

    /// What a machine has of something counted; 0 says that there is none.
    @Sendable static func owned(_ text: String) throws -> CountedResource {
        guard let equals = text.lastIndex(of: "="), NodeLimits.isName(String(text[..<equals])),
            let count = Int64(text[text.index(after: equals)...]), NodeLimits.resourceCounts.contains(count)
        else {
            throw ValidationError(
                "'\(text)' is not NAME=N: 1 to 63 letters, digits, '.', '_' or '-', and 0 to 1000000 of it")
        }
        return CountedResource(name: String(text[..<equals]), count: count)
    }

    @Sendable static func label(_ text: String) throws -> NodeLabel {
        guard let equals = text.firstIndex(of: "="), NodeLimits.isName(String(text[..<equals])) else {
            throw ValidationError("'\(text)' is not NAME=TEXT with a name of 1 to 63 letters, digits, '.', '_' or '-'")
        }
        let label = NodeLabel(name: String(text[..<equals]), text: String(text[text.index(after: equals)...]))
        guard NodeLimits.isLabelText(label.text) else {
            throw ValidationError(
                "the label \(label.name) is at most \(NodeLimits.labelBytes) bytes, without control characters")
        }
        return label
    }

    @Sendable static func variable(_ text: String) throws -> EnvironmentVariable {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw ValidationError("'\(text)' is not NAME=VALUE")
        }
        return EnvironmentVariable(name: String(text[..<equals]), value: String(text[text.index(after: equals)...]))
    }
}

struct CountedResource: Sendable, Hashable {
    let name: String
    let count: Int64
}

struct NodeLabel: Sendable, Hashable {
    let name: String
    let text: String
}

struct EnvironmentVariable: Sendable, Hashable {
    let name: String
    let value: String
}
