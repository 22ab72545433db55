import Foundation
import TestSupport

/// Where things lie: the package, the built binary, Python. Looked up once.
enum Workspace {
    /// The package's folder, from this file's own path.
    static let package = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// The binary under test: `NOIZYLAB_BINARY`, else the release build of this package.
    static func binary() throws -> String {
        let given = ProcessInfo.processInfo.environment["NOIZYLAB_BINARY"]
        let path = given ?? "\(package)/.build/release/noizylab"
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw TestFailure(
                "there is no binary to test at \(path): build it with `swift build -c release --product noizylab`, "
                    + "or name one in NOIZYLAB_BINARY")
        }
        return path
    }

    static func python() throws -> String {
        let path = "\(package)/.venv-test/bin/python"
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw TestFailure("there is no Python with grpcio at \(path): run `scripts/install-prerequisites test`")
        }
        return path
    }

    /// Short, because unix socket paths are, and of this process, so that leftovers of a killed run can be told apart.
    static func freshFolder(_ name: String) throws -> String {
        let folder = "/tmp/noizylab-e2e-\(getpid())-\(name)-\(UInt32.random(in: 0...0xFFFF_FFFF))"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return folder
    }
}
