import Foundation
import TestSupport

/// What a command printed with `-o json`, looked into by name and place.
enum JSON: Decodable, Hashable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    static func parse(_ text: String) throws -> JSON {
        do {
            return try JSONDecoder().decode(JSON.self, from: Data(text.utf8))
        } catch {
            throw TestFailure("not JSON: \(text.prefix(500))")
        }
    }

    /// `null` when it is not there.
    subscript(key: String) -> JSON {
        if case .object(let members) = self { members[key] ?? .null } else { .null }
    }

    subscript(index: Int) -> JSON {
        items.indices.contains(index) ? items[index] : .null
    }

    var keys: Set<String> { if case .object(let members) = self { Set(members.keys) } else { [] } }
    var items: [JSON] { if case .array(let items) = self { items } else { [] } }
    var text: String? { if case .string(let text) = self { text } else { nil } }
    var number: Double? { if case .number(let number) = self { number } else { nil } }
    var int: Int? { number.map { Int($0) } }
    var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }
    var isNull: Bool { self == .null }
}

extension ProgramResult {
    /// Standard output as one JSON value; the exit code is the caller's to check.
    func json() throws -> JSON {
        do {
            return try JSON.parse(stdout)
        } catch {
            throw TestFailure("\(error)\n\(self)")
        }
    }

    /// Standard output as one JSON value a line.
    func jsonLines() throws -> [JSON] { try lines.map(JSON.parse) }
}
