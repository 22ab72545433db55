import Executors
import GridLogic

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The OpenSSH client of this machine.
enum SSHClientLook {
    static func read(_ nodes: [String]) async -> GridChecks.SSHClient {
        let answer = await ProgramAnswer.read(
            "ssh", ["-V"], environment: .ofThisProcess(), within: .seconds(3))
        let version = answer.map { answer in
            let text = answer.stderr.isEmpty ? answer.stdout : answer.stderr
            return String(text.prefix { $0 != "," && $0 != "\n" })
        }
        // The folder of `LinkedNodes`, a generation's name, and the ending that OpenSSH gives a socket it is making.
        let path = LinkedNodes.socketPrefix.utf8.count + Folders.temporaryLetters + 1 + 8 + 17
        return .init(
            version: version, socketPath: path, socketLimit: MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1,
            nodes: nodes)
    }
}
