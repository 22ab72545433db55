/// A command shell on a Windows host, opened, used and always deleted.
///
/// Its id and those of its commands are chosen by who makes it, so what is sent twice is done once: a lost answer to
/// Create, Command, Receive, Signal or Delete is asked for again. Standard input is never sent again.
package actor RemoteShell {
    /// 100 kB of input fit every host's envelope.
    private static let inputBytes = 100_000
    /// Before each further try, in milliseconds.
    private static let pauses: [Int64] = [100, 400, 1_000]
    private static let idleSeconds = 900

    package nonisolated let id: String
    private let settings: WinRMSettings
    private let makeID: @Sendable () -> String
    /// One may wait for output while the other sends input and signals.
    private let waiting: HostConnection
    private let acting: HostConnection
    private var isLeft = false

    /// - Parameters:
    ///   - id: a GUID in upper case, never used before.
    ///   - makeID: a new one each time.
    package init(_ connector: HostConnector, id: String, makeID: @escaping @Sendable () -> String) {
        settings = connector.settings
        self.id = id
        self.makeID = makeID
        waiting = HostConnection(connector)
        acting = HostConnection(connector)
    }

    package func open(environment: [String: String] = [:], workingDirectory: String = "") async throws {
        try await repeated(
            .create(environment: environment, workingDirectory: workingDirectory, idleSeconds: Self.idleSeconds),
            on: acting, taking: .exists)
    }

    /// Starts a command line of `cmd.exe`.
    package func start(_ line: String, id command: String) async throws {
        try await repeated(.command(id: command, line: line), on: acting, taking: .exists)
    }

    /// What came since the last time; waits for something. Nil when there was nothing for a while: ask again. One at a
    /// time for a command.
    package func receive(from command: String) async throws -> ShellAnswer.Received? {
        try await repeated(.receive(command: command), on: waiting, taking: .nothingYet)?.received()
    }

    /// Standard input, in order. That the command does not take any more is no error.
    ///
    /// - Parameter isEnd: no more will come.
    package func send(_ input: [UInt8], to command: String, isEnd: Bool) async throws {
        var start = 0
        repeat {
            let end = min(start + Self.inputBytes, input.count)
            let operation = ShellRequest.Operation.send(
                command: command, bytes: Array(input[start..<end]), isEnd: isEnd && end == input.count)
            do {
                _ = try await once(operation, on: acting)
            } catch let error as WinRMError where [.inputClosed, .gone].contains(Fault.meaning(error.fault)) {
                return
            }
            start = end
        } while start < input.count
    }

    package func signal(_ signal: ShellRequest.Signal, to command: String) async throws {
        try await repeated(.signal(command: command, signal), on: acting, taking: .gone)
    }

    /// Ends all that runs in it, also in a task that is cancelled.
    package func close() async throws {
        do {
            try await repeated(.delete, on: acting, taking: .gone, tries: 1)
        } catch {
            await disconnect()
            throw error
        }
        await disconnect()
    }

    /// Leaves it to the host: what waits for an answer fails.
    package func disconnect() async {
        isLeft = true
        await waiting.close()
        await acting.close()
    }

    /// How many shells the host lets one user have; nil for users who may not see it.
    package func limit() async throws -> Int? {
        do {
            return try await once(.configuration, on: acting).shellLimit
        } catch let error as WinRMError where error.fault != 0 {
            return nil
        }
    }

    /// The ids of all shells that this user has open on the host; none for users who may not see them.
    package func all() async throws -> [String] {
        do {
            return try await repeated(.enumerate, on: acting, taking: .gone)?.shells ?? []
        } catch let error as WinRMError where error.fault != 0 {
            return []
        }
    }

    /// Deletes another one, open or not.
    package func delete(_ other: String) async throws {
        try await repeated(.delete, on: acting, taking: .gone, shell: other)
    }

    /// - Parameter meaning: the fault that says it has been done, or that there is nothing to do; gives nil.
    @discardableResult
    private func repeated(
        _ operation: ShellRequest.Operation, on connection: HostConnection, taking meaning: Fault.Meaning,
        shell: String? = nil, tries limit: Int = pauses.count
    ) async throws -> ShellAnswer? {
        var tries = 0
        while true {
            do {
                return try await once(operation, on: connection, shell: shell)
            } catch let error as WinRMError where error.fault != 0 && Fault.meaning(error.fault) == meaning {
                // Somebody else's, when nothing of ours can have been there before.
                guard meaning != .exists || tries > 0 else { throw error }
                return nil
            } catch let error as WinRMError where error.code == .unreachable && tries < limit && !isLeft {
                try await Task.sleep(for: .milliseconds(Self.pauses[tries]))
                tries += 1
            }
        }
    }

    private func once(
        _ operation: ShellRequest.Operation, on connection: HostConnection, shell: String? = nil
    ) async throws -> ShellAnswer {
        var request = ShellRequest(
            operation, shell: shell ?? id, endpoint: settings.endpoint, message: makeID().lowercased())
        request.operationSeconds = settings.receiveSeconds
        var endsOnCancel = true
        if case .delete = operation { endsOnCancel = false }
        let bytes = try await connection.exchange(
            request.envelope, seconds: Int64(request.operationSeconds), endsOnCancel: endsOnCancel)
        return try ShellAnswer(bytes, to: request.message)
    }
}
