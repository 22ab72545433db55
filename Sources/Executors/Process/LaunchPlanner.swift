import GridModel

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Turns a command into a launch plan: finds the program, checks the working folder, puts the environment together.
struct LaunchPlanner {
    /// Longer scripts go through a file: one argument may hold 128 KiB on Linux.
    static let scriptArgumentLimit = 96 * 1024

    let ref: AttemptRef
    let node: NodeName
    /// The attempt's own folder, which exists.
    let scratch: String
    /// No other attempt on this machine has it.
    let mark: String
    let base: BaseEnvironment
    let gpuIndices: [Int]

    func plan(_ command: Command) throws(LaunchFailure) -> LaunchPlan {
        try checkText(command)
        let variables = environment(adding: command.environment.merging(try secrets(of: command)) { $1 })
        let directory = command.workingDirectory.isEmpty ? scratch : command.workingDirectory
        try checkDirectory(directory)
        let search = ProgramSearch(path: variables["PATH"] ?? BaseEnvironment.defaultPath, directory: directory)
        let (path, arguments) = try program(command.invocation, search)
        return LaunchPlan(
            path: path, arguments: arguments,
            environment: variables.map { "\($0.key)=\($0.value)" }.sorted(),
            directory: directory, standardInput: command.standardInput)
    }

    private func program(
        _ invocation: Command.Invocation, _ search: ProgramSearch
    ) throws(LaunchFailure) -> (String, [String]) {
        switch invocation {
        case .arguments(let arguments):
            guard let name = arguments.first, !name.isEmpty else { throw .refused("no program is named") }
            return (try find(name, search), arguments)
        case .script(let interpreter, let text):
            for name in interpreter.programs {
                guard case .found(let path) = search.find(name) else { continue }
                return (path, [name] + (try scriptArguments(interpreter, text)))
            }
            throw .refused(
                "node \(node) has no \(interpreter.rawValue): none of \(interpreter.programs.joined(separator: ", ")) "
                    + "is in its PATH\(interpreter.hint)")
        }
    }

    private func find(_ name: String, _ search: ProgramSearch) throws(LaunchFailure) -> String {
        switch search.find(name) {
        case .found(let path):
            return path
        case .missing:
            let place = name.contains("/") ? "no such file on node \(node)" : "not found in PATH of node \(node)"
            throw .failed(127, "cannot start '\(name)': \(place)")
        case .notExecutable(let path, let code):
            throw .failed(126, "cannot start '\(name)': \(path): \(systemErrorText(code)) on node \(node)")
        }
    }

    private func scriptArguments(
        _ interpreter: Command.Interpreter, _ text: String
    ) throws(LaunchFailure) -> [String] {
        guard text.utf8.count > Self.scriptArgumentLimit else { return interpreter.arguments(text: text) }
        let path = scratch + "/.script" + interpreter.fileExtension
        guard Folders.write(Array(text.utf8), to: path) else {
            throw .refused("cannot write the script to \(path) on node \(node): \(systemErrorText(errno))")
        }
        return interpreter.arguments(file: path)
    }

    private func secrets(of command: Command) throws(LaunchFailure) -> [String: String] {
        var values: [String: String] = [:]
        for (name, secret) in command.secrets {
            guard secret.form == .open else {
                throw .refused("the coordinator could not open the secret '\(name)': run the task again with it")
            }
            guard !name.isEmpty, !name.utf8.contains(61), !name.utf8.contains(0), !secret.bytes.contains(0) else {
                throw .refused("the secret '\(name)' is not well formed")
            }
            values[name] = String(decoding: secret.bytes, as: UTF8.self)
        }
        return values
    }

    private func environment(adding added: [String: String]) -> [String: String] {
        var variables = base.variables
        if !gpuIndices.isEmpty {
            let indices = gpuIndices.map(String.init).joined(separator: ",")
            variables["CUDA_VISIBLE_DEVICES"] = indices
            variables["NVIDIA_VISIBLE_DEVICES"] = indices
        }
        variables.merge(added) { $1 }
        variables["NOIZYLAB_TASK"] = ref.task.description
        variables["NOIZYLAB_ATTEMPT"] = ref.description
        variables["NOIZYLAB_NODE"] = node.text
        variables["NOIZYLAB_SCRATCH"] = scratch
        variables[ProcessTree.markName] = mark
        return variables
    }

    private func checkDirectory(_ directory: String) throws(LaunchFailure) {
        var status = stat()
        guard stat(directory, &status) == 0 else {
            let code = errno
            throw .failed(
                code == EACCES ? 126 : 127,
                "cannot use the working directory '\(directory)' on node \(node): \(systemErrorText(code))")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw .failed(126, "cannot use the working directory '\(directory)' on node \(node): not a directory")
        }
    }

    /// A NUL ends a string for the system: what comes after it would be dropped in silence.
    private func checkText(_ command: Command) throws(LaunchFailure) {
        switch command.invocation {
        case .arguments(let arguments):
            if let index = arguments.firstIndex(where: { $0.utf8.contains(0) }) {
                throw .refused("argument \(index) contains a NUL byte")
            }
        case .script(_, let text):
            if text.utf8.contains(0) { throw .refused("the script contains a NUL byte") }
        }
        if command.workingDirectory.utf8.contains(0) { throw .refused("the working directory contains a NUL byte") }
        for (name, value) in command.environment {
            if name.isEmpty || name.utf8.contains(61) || name.utf8.contains(0) || value.utf8.contains(0) {
                throw .refused("the environment variable '\(name)' is not well formed")
            }
        }
    }
}

extension Command.Interpreter {
    /// The programs that can be it, best first.
    var programs: [String] {
        switch self {
        case .sh: ["sh"]
        case .bash: ["bash"]
        case .python: ["python3", "python"]
        case .powershell: ["powershell", "pwsh"]
        case .pwsh: ["pwsh"]
        case .cmd: ["cmd"]
        }
    }

    func arguments(text: String) -> [String] {
        switch self {
        case .sh, .bash, .python: ["-c", text]
        case .powershell, .pwsh: ["-NoProfile", "-NonInteractive", "-Command", text]
        case .cmd: ["/c", text]
        }
    }

    func arguments(file: String) -> [String] {
        switch self {
        case .sh, .bash, .python: [file]
        case .powershell, .pwsh: ["-NoProfile", "-NonInteractive", "-File", file]
        case .cmd: ["/c", file]
        }
    }

    var fileExtension: String {
        switch self {
        case .sh, .bash: ".sh"
        case .python: ".py"
        case .powershell, .pwsh: ".ps1"
        case .cmd: ".cmd"
        }
    }

    var hint: String {
        switch self {
        case .cmd: " (it comes with Windows)"
        case .powershell, .pwsh: " (PowerShell can be installed on Linux and macOS as pwsh)"
        case .sh, .bash, .python: ""
        }
    }
}
