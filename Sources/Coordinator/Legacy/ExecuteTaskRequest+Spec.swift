package import GridModel
package import GridWire

/// From the wire of existing clients to a specification. Known keys of `metadata` steer the task; all of it is kept.
extension Noizylab_Grid_ExecuteTaskRequest {
    package func spec(defaultTimeoutMilliseconds: Int64) throws(OperationError) -> TaskSpec {
        var violations: [Refusal.Violation] = []
        if timeoutSeconds < 0 {
            violations.append(.init(field: "timeout_seconds", description: "must not be negative; 0 is the default"))
        }
        var spec = TaskSpec(payload: try PayloadReader.read(type: taskType, payload: payload))
        spec.timeoutMilliseconds = legacyTimeout(timeoutSeconds, default: defaultTimeoutMilliseconds)
        spec.metadata = metadata
        func number(_ key: String, _ range: ClosedRange<Int>) -> Int? {
            guard let text = metadata[key] else { return nil }
            guard let value = Int(text), range.contains(value) else {
                violations.append(
                    .init(
                        field: "metadata.\(key)",
                        description: "must be a whole number, \(range.lowerBound) ... \(range.upperBound)"))
                return nil
            }
            return value
        }
        func choice<Value: RawRepresentable & CaseIterable>(_ key: String, _: Value.Type) -> Value?
        where Value.RawValue == String {
            guard let text = metadata[key] else { return nil }
            guard let value = Value(rawValue: text) else {
                let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
                violations.append(.init(field: "metadata.\(key)", description: "must be one of \(known)"))
                return nil
            }
            return value
        }
        spec.priority = number("priority", -100...100) ?? 0
        spec.retries = number("retries", 0...100) ?? 0
        spec.onLost = choice("on_lost", LostPolicy.self) ?? .retry
        spec.durability = choice("durability", Durability.self) ?? .durable
        if let name = metadata["node"], !name.isEmpty {
            spec.node = NodeName(name)
            if spec.node == nil { violations.append(.init(field: "metadata.node", description: "is not a node name")) }
        }
        if let expression = metadata["where"], !expression.isEmpty {
            // Better refused than run where it must not.
            violations.append(
                .init(field: "metadata.where", description: "cannot be honoured by this version; name a node instead"))
        }
        if !violations.isEmpty { throw .refused(.invalid(violations)) }
        return spec
    }
}

/// Longer than the grid counts is as good as the longest it does.
func legacyTimeout(_ seconds: Int32, default fallback: Int64) -> Int64 {
    seconds == 0 ? fallback : min(Int64(seconds) * 1_000, TaskLimits.timeoutMilliseconds.upperBound)
}
