import Executors
import Foundation

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Small records in NOIZYLAB_HOME, written whole or not at all.
enum JSONFile {
    /// Nil when there is none, or it is not what it should be.
    static func read<Value: Decodable>(_ type: Value.Type, from path: String) -> Value? {
        guard let bytes = Folders.read(path) else { return nil }
        return try? decoder.decode(type, from: Data(bytes))
    }

    static func write(_ value: some Encodable, to path: String) throws {
        let bytes = try encoder.encode(value) + Data("\n".utf8)
        guard Folders.replace(path, with: Array(bytes)) else {
            throw CommandFailure(.failure, "cannot write \(path): \(systemErrorText(errno))")
        }
    }

    private static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
