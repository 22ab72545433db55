package import GridModel

/// What a host answered to a `ShellRequest`.
package struct ShellAnswer: Sendable {
    private let body: XMLElement

    /// - Parameter message: the request's, which the answer must name.
    /// - Throws: `fault`, explained, or `badAnswer`.
    package init(_ bytes: [UInt8], to message: String) throws(WinRMError) {
        let envelope = try XMLReader.read(bytes)
        guard envelope.name == "Envelope", envelope.namespace == Namespace.soap, let body = envelope.first("Body")
        else {
            throw WinRMError(.badAnswer, "the host answered with something that is no SOAP envelope")
        }
        if let fault = body.first("Fault") { throw Fault(fault).error }
        let related = envelope.first("Header")?.first("RelatesTo")?.text ?? ""
        guard related.lowercased() == "uuid:\(message)".lowercased() else {
            throw WinRMError(.badAnswer, "the host answered to another request than the one that was sent")
        }
        self.body = body
    }

    /// The shell's id as the host writes it; nil when none was made.
    package var shell: String? {
        body.first("ResourceCreated")?.descendant("SelectorSet")?.all("Selector")
            .first { $0.attributes["Name"] == "ShellId" }?.text
    }

    package var command: String? { body.first("CommandResponse")?.first("CommandId")?.text }

    /// The ids of the shells that an `enumerate` found.
    package var shells: [String] {
        body.descendant("Items")?.all("Shell").compactMap { $0.first("ShellId")?.text } ?? []
    }

    /// How many shells the host lets one user have open; nil when it does not say.
    package var shellLimit: Int? { body.descendant("MaxShellsPerUser").flatMap { Int($0.text) } }

    /// What came of a command since the last `receive`.
    package struct Received: Sendable, Hashable {
        package struct Piece: Sendable, Hashable {
            package var stream: OutputStream
            package var bytes: [UInt8]

            package init(_ stream: OutputStream, _ bytes: [UInt8]) {
                self.stream = stream
                self.bytes = bytes
            }
        }

        /// In order; a character may be cut between two.
        package var pieces: [Piece]
        /// It ended; its exit code, when the host told.
        package var isDone: Bool
        package var exitCode: Int32?
    }

    package func received() throws(WinRMError) -> Received {
        guard let response = body.first("ReceiveResponse") else {
            throw WinRMError(.badAnswer, "the host answered to a receive with something else")
        }
        var received = Received(pieces: [], isDone: false, exitCode: nil)
        for stream in response.all("Stream") where !stream.text.isEmpty {
            guard let bytes = Base64.decode(stream.text) else {
                throw WinRMError(.badAnswer, "the host sent output that is no base64")
            }
            let isError = stream.attributes["Name"] == "stderr"
            received.pieces.append(Received.Piece(isError ? .stderr : .stdout, bytes))
        }
        for state in response.all("CommandState") where state.attributes["State"]?.hasSuffix("/Done") == true {
            received.isDone = true
            // A DWORD; larger ones have been seen.
            received.exitCode = state.first("ExitCode").flatMap { UInt64($0.text) }.map {
                Int32(truncatingIfNeeded: $0)
            }
        }
        return received
    }
}
