import ArgumentParser
import GRPCCore
import GridTransport
import GridWire
import NoizyClient

/// Which grid is measured, and how the figures are printed.
struct BenchOptions: ParsableArguments {
    @OptionGroup var grid: GridOptions
    @OptionGroup var document: DocumentOption

    var target: BenchTarget {
        let locator = grid.locator
        return BenchTarget(locator: locator, isHere: locator.grid == nil)
    }
}

/// A grid to measure.
struct BenchTarget: Sendable {
    var locator: GridLocator
    /// Its processes run from the locator's home, where they can be looked at.
    var isHere: Bool

    init(locator: GridLocator, isHere: Bool) {
        self.locator = locator
        self.isHere = isHere
    }

    /// The same grid, seen by the holder of a certificate in another folder.
    func holding(_ credentials: String) -> BenchTarget {
        BenchTarget(
            locator: GridLocator(
                home: locator.home, config: nil, grid: locator.grid, credentialsFolder: credentials), isHere: false)
    }

    /// The one that runs from a folder.
    init(home: HomeFolder) {
        self.init(
            locator: GridLocator(home: home), isHere: true)
    }
}

/// What stopped a measurement.
struct BenchError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// The grid that is measured, over one connection. The measuring runs on the connection's own event loop.
struct BenchGrid: Sendable {
    let tasks: any Noizylab_Grid_Tasks.ClientProtocol
    let rpc: any Noizylab_Grid_NoizyGridRPC.ClientProtocol
    let cluster: String
    let processes: GridProcesses

    static func with<Result: Sendable>(
        _ target: BenchTarget, _ body: @escaping @Sendable (BenchGrid) async throws -> Result
    ) async throws -> Result {
        try await target.locator.withGrid { client in
            try await withTaskExecutorPreference(client.loops.executor(0)) {
                let status = try await client.admin.status(Noizylab_Grid_StatusRequest())
                // Of a grid elsewhere nothing can be seen.
                let processes = target.isHere ? GridProcesses(in: target.locator.home) : GridProcesses()
                return try await body(
                    BenchGrid(
                        tasks: client.tasks, rpc: client.legacy, cluster: status.cluster, processes: processes))
            }
        }
    }
}
