import Foundation

/// A lab grid of its own in a folder of its own, started by this very binary and gone afterwards.
struct TemporaryLab: Sendable {
    var folder: String
    /// From the command to all nodes online.
    var startSeconds: Double

    var target: BenchTarget { BenchTarget(home: HomeFolder(path: folder)) }

    static func with<Result>(_ body: (TemporaryLab) async throws -> Result) async throws -> Result {
        let folder = NSTemporaryDirectory() + "noizylab-bench-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let begin = monotonicNanoseconds()
        let result: Swift.Result<Result, any Error>
        do {
            try await noizylab(["start", "--lab"], folder: folder)
            let lab = TemporaryLab(folder: folder, startSeconds: Double(monotonicNanoseconds() - begin) / 1e9)
            result = .success(try await body(lab))
        } catch {
            result = .failure(error)
        }
        // A start that failed half way has something to stop too.
        do {
            try await noizylab(["stop"], folder: folder)
        } catch {
            if case .success = result { throw error }
        }
        return try result.get()
    }

    private static func noizylab(_ arguments: [String], folder: String) async throws {
        let process = Process()
        process.executableURL = Bundle.main.executableURL
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["NOIZYLAB_HOME": folder]) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        let status: Int32 = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do {
                try process.run()
            } catch {
                process.terminationHandler = nil
                continuation.resume(throwing: error)
            }
        }
        guard status == 0 else {
            throw BenchError("`noizylab \(arguments.joined(separator: " "))` ended with \(status).")
        }
    }
}
