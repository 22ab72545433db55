import GridModel
import GridWire

extension Noizylab_Grid_RemoteCommandRequest {
    /// The time-out bounds the waiting and the running: a caller of this method waits for a command, not for a queue.
    func spec(defaultTimeoutMilliseconds: Int64) throws(OperationError) -> TaskSpec {
        var violations: [Refusal.Violation] = []
        let interpreter = Command.Interpreter(rawValue: command)
        if interpreter == nil {
            let known = Command.Interpreter.allCases.map(\.rawValue).joined(separator: ", ")
            violations.append(.init(field: "command", description: "must be one of \(known)"))
        }
        if timeoutSeconds < 0 {
            violations.append(.init(field: "timeout_seconds", description: "must not be negative; 0 is the default"))
        }
        var node: NodeName?
        if !nodeID.isEmpty {
            node = NodeName(nodeID)
            if node == nil { violations.append(.init(field: "node_id", description: "is not a node name")) }
        }
        guard let interpreter, violations.isEmpty else { throw .refused(.invalid(violations)) }
        let timeout = legacyTimeout(timeoutSeconds, default: defaultTimeoutMilliseconds)
        return TaskSpec(
            payload: .command(Command(invocation: .script(interpreter, script), environment: envVars)), node: node,
            timeoutMilliseconds: timeout, queueTimeoutMilliseconds: timeout)
    }
}
