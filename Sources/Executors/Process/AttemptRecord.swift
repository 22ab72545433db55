import GridModel

/// Written when a program starts and removed when it ended: what an agent that was killed needs to find what it left.
/// The start time and the boot tell its process from a stranger with the same number.
struct AttemptRecord: Sendable, Hashable {
    let process: Int32
    let startTime: UInt64
    let boot: String

    static func path(_ ref: AttemptRef, in folder: String) -> String { "\(folder)/\(ref)" }

    func write(to path: String) {
        Folders.write(Array("\(process) \(startTime) \(boot)\n".utf8), to: path)
    }

    static func read(from path: String) -> AttemptRecord? {
        guard let fields = Folders.readText(path)?.split(whereSeparator: \.isWhitespace), fields.count == 3,
            let process = Int32(fields[0]), process > 1, let startTime = UInt64(fields[1])
        else { return nil }
        return AttemptRecord(process: process, startTime: startTime, boot: String(fields[2]))
    }
}
