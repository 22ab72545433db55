package import GridModel

/// A message that is well-formed protobuf and still says something impossible: which fields, and what they should be.
package struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    package var violations: [Refusal.Violation]

    package init(_ violations: [Refusal.Violation]) { self.violations = violations }

    package init(field: String, _ description: String) {
        violations = [Refusal.Violation(field: field, description: description)]
    }

    package var description: String {
        violations.map { "\($0.field): \($0.description)" }.joined(separator: "; ")
    }
}

/// Reads an enumeration's name; empty stands for `fallback`.
func named<Value: RawRepresentable & CaseIterable>(
    _ text: String, field: String, fallback: Value
) throws(WireError) -> Value where Value.RawValue == String {
    if text.isEmpty { return fallback }
    if let value = Value(rawValue: text) { return value }
    let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
    throw WireError(field: field, "is not one of \(known)")
}
