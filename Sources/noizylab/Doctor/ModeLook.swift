import Executors
import GridLogic

/// Who may open what in NOIZYLAB_HOME. Links are not followed.
struct ModeLook: Sendable {
    let home: HomeFolder

    /// More would be tasks' own files.
    private static let limit = 20_000

    func read() -> [MachineChecks.Mode] {
        var found: [MachineChecks.Mode] = []
        var open = [home.path]
        while let path = open.popLast(), found.count < Self.limit {
            // What tasks make in their folders is theirs.
            guard let facts = FileMode(path), facts.isFolder || facts.isFile, !path.hasSuffix("/work") else { continue }
            found.append(
                .init(
                    path: path, mode: facts.mode, isFolder: facts.isFolder, isKey: Self.isKey(path), isOwn: facts.isOwn)
            )
            if facts.isFolder { open += Folders.names(in: path).sorted().reversed().map { "\(path)/\($0)" } }
        }
        return found
    }

    /// By the names that the parts give them.
    private static func isKey(_ path: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        return name == "key.pem" || name.hasSuffix(".key")
    }

    /// Closes what has to be closed, and says what it closed.
    func repair() -> [String] {
        MachineChecks.toRepair(read(), home: home.path).filter { FileMode.set($0.path, $0.wanted) }.map {
            "\($0.path) is for its owner alone again"
        }
    }
}
