import ArgumentParser
import Foundation
import GRPCCore
import GridIdentity
import GridTransport
import GridWire

/// Which grid is measured: the running one of NOIZYLAB_HOME unless told otherwise.
struct BenchOptions: ParsableArguments {
    @Option(help: "The grid's folder (default: $NOIZYLAB_HOME, else ~/.noizylab).")
    var home: String?

    @Option(help: "The coordinator's mutual TLS listener, HOST:PORT (default: the one running from the folder).")
    var address: String?

    @Option(help: "A folder with ca.pem, cert.pem and key.pem (default: the local operator's).")
    var credentials: String?

    @Option(name: [.short, .long], help: "table or json.")
    var output: BenchFormat = .table

    var folder: String {
        home ?? ProcessInfo.processInfo.environment["NOIZYLAB_HOME"] ?? NSHomeDirectory() + "/.noizylab"
    }
}

enum BenchFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case table, json
}

/// What stopped a measurement.
struct BenchError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// A connection to the grid that is measured, with its stubs. All its work is on one event loop.
struct BenchGrid: Sendable {
    let tasks: any Noizylab_Grid_Tasks.ClientProtocol
    let rpc: any Noizylab_Grid_NoizyGridRPC.ClientProtocol
    let admin: any Noizylab_Grid_Admin.ClientProtocol
    let processes: GridProcesses

    static func with<Result: Sendable>(
        _ options: BenchOptions, _ body: @escaping @Sendable (BenchGrid) async throws -> Result
    ) async throws -> Result {
        let endpoint = try BenchEndpoint(options)
        let loops = TransportLoops(count: 1)
        let result: Swift.Result<Result, any Error>
        do {
            let transport = try Transports.client(
                host: endpoint.host, port: endpoint.port,
                credentials: CertificateFiles(folder: options.credentials ?? options.folder + "/pki/operator"),
                loops: loops)
            let value = try await withTaskExecutorPreference(loops.executor(0)) {
                try await withGRPCClient(transport: transport) { client in
                    let admin = Noizylab_Grid_Admin.Client(wrapping: client)
                    let status = try await admin.status(Noizylab_Grid_StatusRequest())
                    var processes = endpoint.processes
                    if endpoint.isLocal { processes.coordinator = status.pid }
                    return try await body(
                        BenchGrid(
                            tasks: Noizylab_Grid_Tasks.Client(wrapping: client),
                            rpc: Noizylab_Grid_NoizyGridRPC.Client(wrapping: client), admin: admin,
                            processes: processes))
                }
            }
            result = .success(value)
        } catch {
            result = .failure(error)
        }
        try await loops.shutdown()
        return try result.get()
    }
}

/// Where the coordinator listens and which processes are the grid's, from the files in its `run` folder.
struct BenchEndpoint: Sendable {
    var host: String
    var port: Int
    /// True when the grid runs on this machine, so that its processes can be looked at.
    var isLocal: Bool
    var processes = GridProcesses()

    private struct RunFile: Decodable {
        var pid: Int32
        var listen: String?
    }

    init(_ options: BenchOptions) throws {
        let run = options.folder + "/run"
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        func read(_ name: String) -> RunFile? {
            FileManager.default.contents(atPath: "\(run)/\(name)").flatMap {
                try? decoder.decode(RunFile.self, from: $0)
            }
        }
        let coordinator = read("coordinator.json")
        guard let listen = options.address ?? coordinator?.listen, let colon = listen.lastIndex(of: ":"),
            let port = Int(listen[listen.index(after: colon)...])
        else {
            throw BenchError("No grid runs from \(options.folder): start one with `noizylab start --lab`.")
        }
        let host = listen[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        self.host = ["", "0.0.0.0", "::"].contains(host) ? "127.0.0.1" : host
        self.port = port
        isLocal = options.address == nil
        guard isLocal else { return }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: run)) ?? [] {
            guard name.hasPrefix("agent-"), name.hasSuffix(".json"), let file = read(name) else { continue }
            processes.agents[String(name.dropFirst(6).dropLast(5))] = file.pid
        }
    }
}
