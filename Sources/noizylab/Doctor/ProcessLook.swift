import Executors
import Foundation
import GridLogic

/// The processes of a home by their records, and what they left.
enum ProcessLook {
    static func processes(_ home: HomeFolder) -> [GridChecks.Process] {
        let reports = ProcessRecord.living(.supervisor, in: home)?.parts ?? []
        let quick = Dictionary(reports.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        let recorded = Folders.names(in: home.run).sorted().compactMap { name -> GridPart? in
            name.hasSuffix(".json") ? GridPart(name.dropLast(5)) : nil
        }
        return recorded.map { part in
            let report = quick["\(part)"]
            return .init(
                name: "\(part)", isAlive: ProcessRecord.living(part, in: home) != nil,
                quickEnds: report?.quickEnds ?? 0, lastExit: report?.lastExit)
        }
    }

    /// Folders of sockets whose process is gone.
    static func leftovers(_ home: HomeFolder) -> [String] {
        guard ProcessRecord.living(.links, in: home) == nil, let folder = LinkedNodes.recordedSockets(home),
            FileManager.default.fileExists(atPath: folder)
        else { return [] }
        return [folder]
    }

    /// Removes what processes left that are gone; nothing while anything runs, for `start` takes over then.
    static func repair(_ home: HomeFolder) -> [String] {
        guard ProcessRecord.allLiving(in: home).isEmpty else { return [] }
        var done: [String] = []
        for folder in leftovers(home) {
            Folders.remove(folder)
            done.append("\(folder) is removed")
        }
        for process in processes(home) {
            Folders.remove("\(home.run)/\(process.name).json")
            done.append("run/\(process.name).json is removed")
        }
        return done
    }
}
