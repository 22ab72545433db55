import GridModel
import ProcessShims

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A program that was started: a session and process group of its own, and our ends of its pipes. Owned by the loop
/// that started it, which closes the descriptors and reaps the process.
struct SpawnedProcess {
    let id: Int32
    /// Names the process for ever, on Linux; -1 where the system has no such thing.
    let handle: Int32
    /// -1 when everything fitted into the pipe, or there was nothing.
    let input: Int32
    let output: Int32
    let error: Int32
    /// How much of the input is written already.
    let inputWritten: Int

    static func start(_ plan: LaunchPlan) throws(LaunchFailure) -> SpawnedProcess {
        var pipes = Pipes()
        do throws(LaunchFailure) {
            return try start(plan, &pipes)
        } catch {
            pipes.closeAll()
            throw error
        }
    }

    private static func start(_ plan: LaunchPlan, _ pipes: inout Pipes) throws(LaunchFailure) -> SpawnedProcess {
        let name = plan.arguments[0]
        func check(_ code: Int32) throws(LaunchFailure) {
            if code != 0 { throw .refused("cannot start '\(name)': \(systemErrorText(code))") }
        }
        try check(noizylab_pipe(&pipes.output))
        try check(noizylab_pipe(&pipes.error))
        var written = 0
        if plan.standardInput.isEmpty {
            pipes.input[0] = open("/dev/null", O_RDONLY | O_CLOEXEC)
            if pipes.input[0] < 0 { try check(errno) }
        } else {
            try check(noizylab_pipe(&pipes.input))
            _ = fcntl(pipes.input[1], F_SETFL, O_NONBLOCK)
            written = plan.standardInput.withUnsafeBytes { max(0, write(pipes.input[1], $0.baseAddress, $0.count)) }
        }

        var id = pid_t()
        var handle: Int32 = -1
        let code = withCStrings(plan.arguments) { arguments in
            withCStrings(plan.environment) { environment in
                noizylab_spawn(
                    plan.path, arguments, environment, plan.directory, pipes.input[0], pipes.output[1], pipes.error[1],
                    &id, &handle)
            }
        }
        guard code == 0 else { throw failure(code, name) }

        pipes.closeChildEnds()
        _ = fcntl(pipes.output[0], F_SETFL, O_NONBLOCK)
        _ = fcntl(pipes.error[0], F_SETFL, O_NONBLOCK)
        if written == plan.standardInput.count { pipes.closeInput() }
        return SpawnedProcess(
            id: id, handle: handle, input: pipes.input[1], output: pipes.output[0], error: pipes.error[0],
            inputWritten: written)
    }

    private static func failure(_ code: Int32, _ name: String) -> LaunchFailure {
        switch code {
        case ENOENT: .failed(127, "cannot start '\(name)': the interpreter named in its first line is not there")
        case ENOEXEC: .failed(126, "cannot start '\(name)': not a program of this system, and no '#!' line")
        case E2BIG: .failed(126, "cannot start '\(name)': its arguments and environment are too long")
        case EACCES, EPERM: .failed(126, "cannot start '\(name)': \(systemErrorText(code))")
        default: .refused("cannot start '\(name)': \(systemErrorText(code))")
        }
    }
}

/// The three pipes of a program that is being started; -1 is closed. Reading end first.
private struct Pipes {
    var input: [Int32] = [-1, -1]
    var output: [Int32] = [-1, -1]
    var error: [Int32] = [-1, -1]

    mutating func closeAll() {
        for descriptor in input + output + error where descriptor >= 0 { close(descriptor) }
    }

    mutating func closeInput() {
        if input[1] >= 0 { close(input[1]) }
        input[1] = -1
    }

    mutating func closeChildEnds() {
        close(input[0])
        close(output[1])
        close(error[1])
        (input[0], output[1], error[1]) = (-1, -1, -1)
    }
}
