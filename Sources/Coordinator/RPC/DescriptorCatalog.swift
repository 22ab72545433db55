import Foundation
import GridWire
import SwiftProtobuf

/// The files behind the served contract, by name and by what they declare.
package struct DescriptorCatalog: Sendable {
    private struct File: Sendable {
        let bytes: Data
        let dependencies: [String]
    }

    private var files: [String: File] = [:]
    private var fileOfSymbol: [String: String] = [:]
    /// Full method names (`package.Service/Method`) by the full name of their service.
    package private(set) var methods: [String: [String]] = [:]

    package static let embedded = DescriptorCatalog()

    private init() {
        // Made by our own generator and covered by a test: anything else is a broken build.
        guard let data = Data(base64Encoded: EmbeddedDescriptors.base64),
            let set = try? Google_Protobuf_FileDescriptorSet(serializedBytes: data)
        else { preconditionFailure("the embedded descriptors cannot be read") }
        for file in set.file { add(file) }
    }

    private mutating func add(_ file: Google_Protobuf_FileDescriptorProto) {
        guard let bytes: Data = try? file.serializedBytes() else { return }
        files[file.name] = File(bytes: bytes, dependencies: file.dependency)
        let scope = file.package.isEmpty ? "" : file.package + "."
        for message in file.messageType { add(message, scope, file.name) }
        for declared in file.enumType { fileOfSymbol[scope + declared.name] = file.name }
        for service in file.service {
            let name = scope + service.name
            fileOfSymbol[name] = file.name
            for method in service.method {
                fileOfSymbol["\(name).\(method.name)"] = file.name
                methods[name, default: []].append("\(name)/\(method.name)")
            }
        }
    }

    private mutating func add(_ message: Google_Protobuf_DescriptorProto, _ scope: String, _ file: String) {
        let name = scope + message.name
        fileOfSymbol[name] = file
        for field in message.field { fileOfSymbol["\(name).\(field.name)"] = file }
        for declared in message.enumType { fileOfSymbol["\(name).\(declared.name)"] = file }
        for nested in message.nestedType { add(nested, name + ".", file) }
    }

    func files(declaring symbol: String) -> [Data]? { fileOfSymbol[symbol].flatMap(files(named:)) }

    /// The file, and everything it imports, itself first.
    func files(named name: String) -> [Data]? {
        guard files[name] != nil else { return nil }
        var found: [Data] = []
        var seen: Set<String> = []
        var queue = [name]
        while let next = queue.popLast() {
            guard seen.insert(next).inserted, let file = files[next] else { continue }
            found.append(file.bytes)
            queue += file.dependencies
        }
        return found
    }
}
