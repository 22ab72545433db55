import Foundation
import GridModel
import Links
import Testing

/// The scripts that install an agent, run by this machine's own shell in a home of their own, with stand-ins for the
/// programs that would change the machine.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct InstallScriptTests {
    private let script = InstallScript(tag: "GRID-n1-ab", title: "it's a \"title\"")

    @Test func `a look says what the machine is and that nothing is there`() throws {
        let world = try ShellWorld()
        defer { world.remove() }
        let machine = try #require(InstalledMachine(try world.run(script.look).output))

        #expect(machine.platform == InstalledMachine.ownPlatform)
        #expect(machine.folder == "\(world.home)/.noizylab-agents/GRID-n1-ab")
        #expect(machine.programSHA256 == nil && !machine.hasJoined && !machine.isRunning)
        #expect(machine.callerAddress == "192.0.2.7")
    }

    @Test func `a program replaces the old one only when it arrived whole`() throws {
        let world = try ShellWorld()
        defer { world.remove() }
        let (old, new) = ("#!/bin/sh\necho old\n", "#!/bin/sh\necho new\n")
        #expect(try world.run(script.upload(bytes: Int64(old.count), sha256: world.sha256(old)), old).code == 0)
        let cut = try world.run(script.upload(bytes: Int64(new.count), sha256: world.sha256(new)), "#!/bin/sh\nech")

        #expect(cut.code == 1 && cut.errors.contains("did not arrive whole"))
        #expect(try String(contentsOfFile: world.program, encoding: .utf8) == old)
        #expect(try world.run(script.upload(bytes: Int64(new.count), sha256: world.sha256(new)), new).code == 0)
        #expect(try String(contentsOfFile: world.program, encoding: .utf8) == new)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(world.folder)/bin") == ["noizylab"])
        let machine = try #require(InstalledMachine(try world.run(script.look).output))
        #expect(try machine.programSHA256 == world.sha256(new))
    }

    @Test func `the token is read, not told, and another address is tried when one does not answer`() throws {
        let world = try ShellWorld()
        defer { world.remove() }
        try world.install(
            """
            #!/bin/sh
            echo "$@" >> "$HOME/calls"; cat >> "$HOME/tokens"
            case $2 in a:*) exit 4;; *) exit 0;; esac
            """)
        let join = script.join(node: "n1", role: "it's", coordinators: ["a:1", "b:2", "c:3"])
        #expect(try world.run(join, "nzl1-secret\n").code == 0)

        let calls = try String(contentsOfFile: "\(world.home)/calls", encoding: .utf8)
        #expect(
            calls
                == ["a:1", "b:2"].map {
                    "join \($0) --token - --name n1 --role it's --home \(world.folder) --no-start\n"
                }
                .joined())
        #expect(try String(contentsOfFile: "\(world.home)/tokens", encoding: .utf8) == "nzl1-secret\nnzl1-secret\n")
    }

    @Test func `a refusal is told and not tried elsewhere`() throws {
        let world = try ShellWorld()
        defer { world.remove() }
        try world.install(
            "#!/bin/sh\necho x >> \"$HOME/calls\"; echo 'the token was used' >&2; echo more >&2; exit 5\n")
        let result = try world.run(script.join(node: "n1", role: "r", coordinators: ["a:1", "b:2"]), "t\n")

        #expect(result.code == 1 && result.errors == "the token was used\n")
        #expect(try String(contentsOfFile: "\(world.home)/calls", encoding: .utf8) == "x\n")
    }

    @Test func `a user's systemd starts it, and nothing is left after the uninstalling`() throws {
        let world = try ShellWorld(stubs: ["systemctl", "loginctl"])
        defer { world.remove() }
        try world.install("#!/bin/sh\nexit 0\n")
        #expect(InstalledMachine(try world.run(script.look).output)?.service == .systemdUser)
        #expect(try world.run(script.start).code == 0)

        let unit = try String(
            contentsOfFile: "\(world.home)/.config/systemd/user/noizylab-GRID-n1-ab.service", encoding: .utf8)
        #expect(unit.contains("Description=it's a \"title\"\n"))
        #expect(unit.contains("ExecStart=\"\(world.program)\" start --foreground --home \"\(world.folder)\"\n"))
        #expect(unit.contains("WantedBy=default.target\n"))
        #expect(
            try world.calls == [
                "systemctl --user daemon-reload", "systemctl --user enable noizylab-GRID-n1-ab.service",
                "systemctl --user restart noizylab-GRID-n1-ab.service", "loginctl enable-linger",
            ])

        let removed = try world.run(script.uninstall)
        #expect(removed.code == 0)
        #expect(removed.output == "removed=the service noizylab-GRID-n1-ab\nremoved=\(world.folder)\n")
        #expect(try world.filesLeft == [])
        #expect(try world.run(script.uninstall).output == "")
    }

    @Test func `launchd starts it on a Mac, and nothing is left after the uninstalling`() throws {
        let world = try ShellWorld(stubs: ["launchctl"], system: "Darwin")
        defer { world.remove() }
        try world.install("#!/bin/sh\nexit 0\n")
        #expect(InstalledMachine(try world.run(script.look).output)?.service == .launchd)
        #expect(try world.run(script.start).code == 0)

        let path = "\(world.home)/Library/LaunchAgents/noizylab-GRID-n1-ab.plist"
        let plist = try PropertyListSerialization.propertyList(
            from: try Data(contentsOf: URL(fileURLWithPath: path)), format: nil)
        let agent = try #require(plist as? [String: Any])
        #expect(
            agent["ProgramArguments"] as? [String]
                == [world.program, "start", "--foreground", "--home", world.folder])
        #expect(agent["KeepAlive"] as? Bool == true)
        #expect(try world.calls.last == "launchctl bootstrap user/1000 \(path)")
        #expect(try world.run(script.uninstall).code == 0)
        #expect(try world.filesLeft == [])
    }

    @Test func `without either the program itself is started, and that is said`() throws {
        let world = try ShellWorld()
        defer { world.remove() }
        try world.install("#!/bin/sh\necho \"$@\" >> \"$HOME/calls\"\n")
        let started = try world.run(script.start)

        #expect(started.output == "note=no systemd and no launchd: it ends with the machine\n")
        #expect(try String(contentsOfFile: "\(world.home)/calls", encoding: .utf8) == "start --home \(world.folder)\n")
    }
}

/// A home and a PATH of their own for a shell, in which `id` is a plain user's.
private struct ShellWorld {
    struct Result {
        let code: Int32
        let output: String
        let errors: String
    }

    let root: String
    var home: String { "\(root)/home" }
    var folder: String { "\(home)/.noizylab-agents/GRID-n1-ab" }
    var program: String { "\(folder)/bin/noizylab" }

    /// `stubs` write their calls down and succeed; `systemctl` is there only when it is one of them.
    init(stubs: [String] = [], system: String? = nil) throws {
        root = NSTemporaryDirectory() + "/noizylab-install-\(UUID().uuidString.prefix(8))"
        for folder in ["home", "bin"] {
            try FileManager.default.createDirectory(atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
        }
        for tool in [
            "cat", "cut", "chmod", "dirname", "head", "mkdir", "mv", "printf", "rm", "rmdir", "sed", "sh", "sha256sum",
            "shasum", "uname",
        ] {
            guard let path = ["/usr/bin", "/bin"].map({ "\($0)/\(tool)" }).first(where: FileManager.default.fileExists)
            else { continue }
            try FileManager.default.createSymbolicLink(atPath: "\(root)/bin/\(tool)", withDestinationPath: path)
        }
        try write("id", "#!/bin/sh\nif [ \"$1\" = -u ]; then echo 1000; else echo somebody; fi\n")
        for stub in stubs {
            try write(stub, "#!/bin/sh\n[ \"$2\" = list-units ] || echo \"\(stub) $*\" >> \"\(root)/stubs\"\n")
        }
        if let system {
            try FileManager.default.removeItem(atPath: "\(root)/bin/uname")
            try write("uname", "#!/bin/sh\nif [ \"$1\" = -m ]; then echo arm64; else echo \(system); fi\n")
        }
    }

    func run(_ script: String, _ input: String = "") throws -> Result {
        let files = ["script", "input", "output", "errors"].map { "\(root)/\($0)" }
        try script.write(toFile: files[0], atomically: true, encoding: .utf8)
        try input.write(toFile: files[1], atomically: true, encoding: .utf8)
        let variables = "HOME='\(home)' PATH='\(root)/bin' SSH_CONNECTION='192.0.2.7 1 192.0.2.1 22'"
        let line = "env -i \(variables) /bin/sh '\(files[0])' < '\(files[1])' > '\(files[2])' 2> '\(files[3])'"
        let status = system(line)
        return Result(
            code: (status >> 8) & 0xFF, output: try String(contentsOfFile: files[2], encoding: .utf8),
            errors: try String(contentsOfFile: files[3], encoding: .utf8))
    }

    func install(_ program: String) throws {
        try FileManager.default.createDirectory(atPath: "\(folder)/bin", withIntermediateDirectories: true)
        try write("x", program, to: self.program)
    }

    func sha256(_ text: String) throws -> String {
        let file = "\(root)/sum"
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        let status = system("(sha256sum '\(file)' || shasum -a 256 '\(file)') 2>/dev/null | cut -c1-64 > '\(file).out'")
        try #require(status == 0)
        return String(try String(contentsOfFile: "\(file).out", encoding: .utf8).prefix(64))
    }

    var calls: [String] {
        get throws {
            let text = (try? String(contentsOfFile: "\(root)/stubs", encoding: .utf8)) ?? ""
            return text.split(separator: "\n").map(String.init)
        }
    }

    /// Files, not folders, in the home.
    var filesLeft: [String] {
        get throws {
            try FileManager.default.subpathsOfDirectory(atPath: home).filter { path in
                var isFolder: ObjCBool = false
                return FileManager.default.fileExists(atPath: "\(home)/\(path)", isDirectory: &isFolder)
                    && !isFolder.boolValue
            }
        }
    }

    func remove() { try? FileManager.default.removeItem(atPath: root) }

    private func write(_ name: String, _ text: String, to path: String? = nil) throws {
        let path = path ?? "\(root)/bin/\(name)"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }
}
