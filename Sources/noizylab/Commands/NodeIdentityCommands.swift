import ArgumentParser
import GridWire
import NoizyClient

struct NodeRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "revoke", "Shut a node out, at once: its key is believed no more, and its name is free.",
        examples: ["node revoke HP-OMEN", "node revoke HP-OMEN --reason 'disk was sold'"],
        discussion: "What ran there follows its --on-lost. The machine can come in again with a token and another key.")

    @OptionGroup var options: GridOptions

    @Argument(help: "The node's name.")
    var node: String

    @Option(help: "Why, for the list and the events.")
    var reason = ""

    func run() async throws {
        let (node, reason) = (node, reason)
        let revoked = try await options.withGrid { try await $0.revoked(node, role: "agent", reason: reason) }
        CertRevokeCommand.report(revoked)
    }
}

struct NodePendingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "pending", "List the machines that wait to be let in (join --confirm).", examples: ["node pending"])

    @OptionGroup var options: GridOptions
    @OptionGroup var format: OutputOption

    func run() async throws {
        let found = try await options.withGrid { try await $0.enrolmentInfos() }
        var table = Table(.init("NODE"), .init("FINGERPRINT"), .init("ADDRESS"), .init("ASKED"), .init("ENDS"))
        for one in found.enrolments {
            table.add(
                .init(one.name), .init(one.fingerprint, .heading), .init(one.address),
                .init(TimeText.relative(microseconds: one.askedAtUs, now: found.nowUs)),
                .init(TimeText.relative(microseconds: one.expiresAtUs, now: found.nowUs)))
        }
        Listing(
            table: table, wide: table, documents: found.enrolments.map(Self.document),
            names: found.enrolments.map(\.name)
        ).print(as: format.output)
    }

    private static func document(_ one: Noizylab_Grid_EnrolmentInfo) -> JSONValue {
        .object([
            "name": .string(one.name), "fingerprint": .string(one.fingerprint), "address": .string(one.address),
            "asked_at": JSONValue(TimeText.iso(microseconds: one.askedAtUs)),
            "expires_at": JSONValue(TimeText.iso(microseconds: one.expiresAtUs)), "state": .string(one.state),
        ])
    }
}

struct NodeApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "approve", "Let a machine in that waits, when its screen shows this fingerprint.",
        examples: ["node approve Mac-Pro --fingerprint k3fq-7xab-mm2p-q5tr"])

    @OptionGroup var options: GridOptions

    @Argument(help: "The node's name.")
    var node: String

    @Option(help: ArgumentHelp("As you read it on the machine's screen.", valueName: "text"))
    var fingerprint: String

    func run() async throws {
        let (node, fingerprint) = (node, fingerprint)
        let decided = try await options.withGrid {
            try await $0.enrolmentDecided(node, approve: true, fingerprint: fingerprint)
        }
        Console.stdout.print("\(decided.name) is let in")
    }
}

struct NodeDenyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "deny", "Send a machine away that waits.", examples: ["node deny Mac-Pro"])

    @OptionGroup var options: GridOptions

    @Argument(help: "The node's name.")
    var node: String

    func run() async throws {
        let node = node
        let decided = try await options.withGrid {
            try await $0.enrolmentDecided(node, approve: false, fingerprint: "")
        }
        Console.stdout.print("\(decided.name) is sent away")
    }
}
