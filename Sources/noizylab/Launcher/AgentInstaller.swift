import Agent
import Executors
import Foundation
import GridIdentity
import GridModel
import GridWire
import Links
import Logging
import NoizyClient

/// Puts an agent on another machine over SSH, and sees to it that it runs until the node is online: looks, copies the
/// program, has it join with a single-use token, and hands it to whatever starts programs there.
struct AgentInstaller: Sendable {
    let home: HomeFolder
    let plan: GridPlan
    let node: GridPlan.PlannedNode
    let errand: SSHErrand
    let script: InstallScript
    let logger: Logger

    private static let lookSeconds = 5
    private static let tokenSeconds: Int64 = 600

    /// Until it is cancelled.
    func run() async {
        var pause = Backoff(firstMilliseconds: 1_000, limitMilliseconds: 60_000)
        while !Task.isCancelled {
            if await isOnline {
                let did = RoadRecord.read(node.name, in: home)?.did
                record(RoadRecord(isOpen: true, did: did))
                pause.reset()
            } else if isUnwanted {
                record(RoadRecord(isOpen: false))
            } else {
                do throws(RoadFailure) {
                    let did = try await install()
                    record(RoadRecord(isOpen: false, doing: "waiting for \(node.name) to connect", did: did))
                    logger.notice("An agent was put in place", metadata: ["node": "\(node.name)", "did": "\(did)"])
                    guard await comesOnline() else { throw silence() }
                } catch {
                    // The grid stops, or somebody takes the agent off the machine.
                    if Task.isCancelled { return }
                    if isUnwanted { continue }
                    record(RoadRecord(error))
                    logger.warning(
                        "No agent could be put in place",
                        metadata: ["node": "\(node.name)", "reason": "\(error.reason)", "try": "\(error.remedy)"])
                    try? await Task.sleep(for: .milliseconds(pause.next(jitter: Double.random(in: 0.5...1))))
                    continue
                }
            }
            try? await Task.sleep(for: .seconds(Self.lookSeconds))
        }
    }

    // MARK: the steps

    /// What was done, for people.
    private func install() async throws(RoadFailure) -> String {
        try doing("looking at \(node.name)")
        guard let machine = InstalledMachine(try await errand.run(script.look)) else {
            throw RoadFailure(reason: "\(node.address) did not say what it is")
        }
        if machine.hasJoined, machine.isRunning {
            // After a start of the grid it needs a moment to find it again.
            try doing("waiting for \(node.name) to connect")
            if await comesOnline() { return "its agent ran already" }
            throw RoadFailure(
                reason: "its agent runs there and does not reach the coordinator at \(coordinators(machine)[0])",
                remedy: log)
        }
        let program = try program(for: machine)
        var steps: [String] = []
        if machine.programSHA256 != program.sha256 {
            try doing("copying the program to \(node.name) (\(TimeText.bytes(program.bytes)))")
            _ = try await errand.run(
                script.upload(bytes: program.bytes, sha256: program.sha256), file: program.path, within: .seconds(600))
            steps.append(
                "copied \(TimeText.bytes(program.bytes)) to \(machine.folder) (SHA-256 \(program.sha256.prefix(12))…)")
        }
        if !machine.hasJoined {
            try doing("\(node.name) joins")
            _ = try await errand.run(
                script.join(node: node.name, role: node.role, coordinators: coordinators(machine)),
                words: try await token() + "\n", within: .seconds(60))
            steps.append("joined with a single-use token")
        }
        try doing("starting the agent on \(node.name)")
        let said = try await errand.run(script.start, within: .seconds(60))
        let note = said.split(whereSeparator: \.isNewline).first { $0.hasPrefix("note=") }?.dropFirst(5)
        steps.append("started by \(machine.service.words)" + (note.map { " (\($0))" } ?? ""))
        return steps.joined(separator: ", ")
    }

    private func program(for machine: InstalledMachine) throws(RoadFailure) -> ProgramFile {
        let isOurs = machine.platform == InstalledMachine.ownPlatform
        let path = isOurs ? PartProcess.program : "\(home.programs)/noizylab-\(machine.platform)"
        guard let program = ProgramFile(path) else {
            throw RoadFailure(
                reason: "\(node.name) is \(machine.platform), and there is no program for it here",
                remedy: "build it there (make build) and copy .build/release/noizylab to \(path)")
        }
        return program
    }

    /// Where the machine may find us: what the owner said, then as we came.
    private func coordinators(_ machine: InstalledMachine) -> [String] {
        let addresses = plan.names + [machine.callerAddress, plan.edgeHost].filter { !$0.isEmpty }
        return addresses.map { $0.contains(":") ? "[\($0)]:\(plan.edgePort)" : "\($0):\(plan.edgePort)" }
    }

    private func token() async throws(RoadFailure) -> String {
        do {
            return try await GridLocator(home: home).withGrid {
                try await $0.token(forNode: node.name, seconds: Self.tokenSeconds).token
            }
        } catch {
            throw RoadFailure(reason: "the coordinator gives no token: \(CommandFailure(error).message)")
        }
    }

    // MARK: whether it helped

    private var isOnline: Bool {
        get async {
            let status = try? await GridLocator(home: home).withGrid { try await $0.statusInfo() }
            return status?.nodes.contains { $0.name == node.name && $0.state == "online" } ?? false
        }
    }

    private func comesOnline() async -> Bool {
        for _ in 0..<100 where !Task.isCancelled && !isUnwanted {
            if await isOnline { return true }
            try? await Task.sleep(for: .milliseconds(200))
        }
        return Task.isCancelled || isUnwanted
    }

    private var log: String { "\(errand.command) tail \(script.folder)/log/agent-\(node.name).log" }

    private func silence() -> RoadFailure {
        RoadFailure(
            reason: "its agent was started and does not reach the coordinator",
            remedy: log)
    }

    private var isUnwanted: Bool { PrivateFile.exists(home.removal(node.name)) }

    /// A step begins, unless the agent is no longer wanted.
    private func doing(_ words: String) throws(RoadFailure) {
        guard !isUnwanted else { throw RoadFailure(reason: "it is being taken off \(node.name)") }
        record(RoadRecord(isOpen: false, doing: words))
    }

    private func record(_ record: RoadRecord) {
        guard RoadRecord.read(node.name, in: home) != record else { return }
        do {
            try JSONFile.write(record, to: home.road(node.name))
        } catch {
            logger.error("The state of a road cannot be written", metadata: ["error": "\(error)"])
        }
    }
}

/// A program that can be copied, with what it must be when it arrives.
struct ProgramFile: Sendable {
    let path: String
    let bytes: Int64
    /// Lower-case hexadecimal digits.
    let sha256: String

    /// Nil when it cannot be read.
    init?(_ path: String) {
        guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? handle.close() }
        var (digest, count) = (SHA256Digest(), Int64(0))
        while let piece = try? handle.read(upToCount: 1 << 20), !piece.isEmpty {
            digest.update(piece)
            count += Int64(piece.count)
        }
        guard count > 0 else { return nil }
        (self.path, bytes, sha256) = (path, count, Hexadecimal.encode(digest.finish()))
    }
}
