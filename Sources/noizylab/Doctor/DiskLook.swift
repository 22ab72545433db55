import Executors
import Foundation
import GridLogic

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The disk of a folder: what is free, and how long a write takes to be durable.
enum DiskLook {
    private static let writes = 5

    static func read(_ folder: String) -> MachineChecks.Disk {
        let place = existing(folder)
        var status = statvfs()
        guard statvfs(place, &status) == 0 else {
            return .init(path: place, freeBytes: 0, totalBytes: 0, syncs: [], failure: systemErrorText(errno))
        }
        let block = Int64(status.f_frsize)
        var disk = MachineChecks.Disk(
            path: place, freeBytes: Int64(status.f_bavail) * block, totalBytes: Int64(status.f_blocks) * block,
            syncs: [], failure: "")
        // A home that is not there yet is not made for this.
        guard place == folder else { return disk }
        let file = "\(folder)/doctor-\(getpid()).tmp"
        defer { unlink(file) }
        for _ in 0..<writes {
            let begin = ContinuousClock.now
            guard Folders.replace(file, with: [UInt8](repeating: 0, count: 4_096)) else {
                disk.failure = systemErrorText(errno)
                unlink(file + ".new")
                break
            }
            let took = (ContinuousClock.now - begin).components
            disk.syncs.append(took.seconds * 1_000_000 + took.attoseconds / 1_000_000_000_000)
        }
        return disk
    }

    /// The folder, or the nearest above it that is there.
    private static func existing(_ folder: String) -> String {
        var path = folder
        while !FileManager.default.fileExists(atPath: path), let slash = path.lastIndex(of: "/") {
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
        return path
    }
}

/// Whether the clock is synchronised, as the programs of the system say. None of them asks another machine.
enum ClockLook {
    static func read() async -> (isSynchronised: Bool?, source: String) {
        let environment = BaseEnvironment.ofThisProcess()
        if let text = await ProgramOutput.read(
            "timedatectl", ["show", "-p", "NTPSynchronized", "--value"], environment: environment, within: .seconds(3)),
            let answer = timedatectl(text)
        {
            return (answer, "timedatectl")
        }
        if let text = await ProgramOutput.read(
            "chronyc", ["-n", "tracking"], environment: environment, within: .seconds(3)), let answer = chronyc(text)
        {
            return (answer, "chronyc")
        }
        return (nil, "")
    }

    static func timedatectl(_ text: String) -> Bool? {
        switch text.trimmingPrefix(while: \.isWhitespace).prefix(while: \.isLetter) {
        case "yes": true
        case "no": false
        default: nil
        }
    }

    static func chronyc(_ text: String) -> Bool? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Leap status") }) else { return nil }
        return !line.contains("Not synchronised")
    }
}
