import ArgumentParser
import Foundation
import GridIdentity
import GridWire
import NoizyClient

struct CertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "cert", "Certificates: who has one, until when, and who has no more.",
        examples: [
            "cert list", "cert issue studio-scripts --role submitter --out ./studio-scripts",
            "cert revoke studio-scripts",
            "cert rotate",
        ],
        subcommands: [
            CertListCommand.self, CertIssueCommand.self, CertRenewCommand.self, CertRevokeCommand.self,
            CertRotateCommand.self,
        ])
}

struct CertIssueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "issue", "Write ca.pem, cert.pem and key.pem for a person or a program.",
        examples: [
            "cert issue studio-scripts --role submitter --out ./studio-scripts",
            "cert issue anna --role operator --out ~/anna",
        ],
        discussion: "A submitter runs tasks and sees its own; an operator may do everything; a viewer only looks.")

    enum Role: String, ExpressibleByArgument, CaseIterable {
        case `operator`, submitter, viewer
    }

    @OptionGroup var options: GridOptions

    @Argument(help: "Who it is for: letters, digits, '.', '_' or '-'.")
    var name: String

    @Option(help: ArgumentHelp("operator, submitter or viewer.", valueName: "role"))
    var role: Role

    @Option(help: ArgumentHelp("The folder for the three files; a key that is there is kept.", valueName: "dir"))
    var out: String

    func run() async throws {
        let (name, role) = (name, role)
        let folder = HomeFolder(flag: out).path
        let files = try await options.withGrid {
            try await $0.issueCertificate(name: name, role: role.rawValue, into: folder)
        }
        let facts = try CertificateFiles(folder: folder).facts()
        Console.stdout.print("\(facts.identity.uri), good for \(CertificateListing.days(until: facts.notAfter))")
        for file in [files.authority, files.certificate, files.key] { Console.stdout.print("  \(file)") }
    }
}

struct CertListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "list", "List the certificates that open something, and for how long.",
        examples: ["cert list", "cert list --all -o wide", "cert list -o json"])

    @OptionGroup var options: GridOptions

    @Flag(help: "Also those that have ended, were replaced or were revoked.")
    var all = false

    @OptionGroup var format: OutputOption

    func run() async throws {
        let all = all
        let found = try await options.withGrid { try await $0.certificateInfos(all: all) }
        let listing = CertificateListing(found)
        listing.listing.print(as: format.output)
        // Not where a program reads the list.
        if format.output == .table || format.output == .wide { Console.stderr.print(listing.authorityText) }
    }
}

struct CertRenewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "renew", "Put a new certificate in the place of the one in a folder, for the same key.",
        examples: ["cert renew --cert ./studio-scripts"],
        discussion: "Nodes renew by themselves. Programs that run take the new one with their next connection.")

    @OptionGroup var options: GridOptions

    func run() async throws {
        let credentials = try options.locator.credentials()
        try await options.withGrid { try await $0.renewCertificate(credentials) }
        let files = CertificateFiles(
            authority: credentials.authority, certificate: credentials.certificate, key: credentials.key)
        let facts = try files.facts()
        Console.stdout.print("\(facts.identity.uri), good for \(CertificateListing.days(until: facts.notAfter))")
    }
}

struct CertRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "revoke", "End the belief in a key: at once, on open calls and connections too.",
        examples: ["cert revoke studio-scripts", "cert revoke 4f1a09c2 --reason 'stolen laptop'"],
        discussion: "Whoever had it needs another key and a new certificate. This cannot be taken back.")

    @OptionGroup var options: GridOptions

    @Argument(help: "A name, or the beginning of a serial number.")
    var subject: String

    @Option(help: ArgumentHelp("When more than one has the name: whose.", valueName: "role"))
    var role = ""

    @Option(help: "Why, for the list and the events.")
    var reason = ""

    func run() async throws {
        let (subject, role, reason) = (subject, role, reason)
        let revoked = try await options.withGrid { try await $0.revoked(subject, role: role, reason: reason) }
        Self.report(revoked)
    }

    static func report(_ revoked: Noizylab_Grid_RevokeResponse) {
        guard let first = revoked.certificates.first else { return }
        let ended = revoked.connectionsEnded == 0 ? "" : ", \(revoked.connectionsEnded) connections ended"
        Console.stdout.print("\(first.name) (\(first.role)) is revoked\(ended)")
    }
}

struct CertRotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.command(
        "rotate", "Let the grid's next authority sign.",
        examples: ["cert rotate", "cert rotate --finish", "cert rotate --finish --force"],
        discussion: """
            Everybody believes the next authority already, so nothing stops: nodes get new certificates within seconds, \
            and the authority before is believed until all have. --finish ends that now; with --force whoever still has \
            an old certificate is shut out (a node comes back by itself, a program needs `cert issue`).
            """)

    @OptionGroup var options: GridOptions

    @Flag(help: "End the overlap with the authority before.")
    var finish = false

    @Flag(help: "With --finish: even while its certificates are in use.")
    var force = false

    func run() async throws {
        guard finish || !force else {
            throw CommandFailure(.usage, "--force says how to finish", try: "noizylab cert rotate --finish --force")
        }
        let (finish, force) = (finish, force)
        let authority = try await options.withGrid { try await $0.authorityRotated(finish: finish, force: force) }
        Console.stdout.print(CertificateListing.text(of: authority))
    }
}
