import Foundation
import GridIdentity
import GridModel
import Testing

/// The rotation as a value, and its folder killed at every step.
@Suite struct AuthorityRotationTests {
    private typealias File = AuthorityRotation.File
    private static let now = Timestamp(microseconds: 1_800_000_000_000_000)
    private static var date: Date { Date(timeIntervalSince1970: 1_800_000_000) }

    @Test func `at rest the current signs, and the next is believed too`() {
        let rotation = AuthorityRotation()

        #expect(rotation.believed == [1, 2])
        #expect(rotation.previous == nil)
        #expect(rotation.files == [.key(1), .certificate(1), .key(2), .certificate(2)])
    }

    @Test func `the next begins to sign, and the one before is believed until it is retired`() {
        var rotation = AuthorityRotation()

        let hasBegun = rotation.begin(at: Self.now)
        #expect(hasBegun)
        #expect(rotation.believed == [2, 3, 1])
        #expect(!rotation.files.contains(.key(1)), "what signs no more is not kept")
        let hasBegunAgain = rotation.begin(at: Self.now)
        #expect(!hasBegunAgain, "one rotation at a time")

        let isRetired = rotation.retire()
        #expect(isRetired)
        #expect(rotation.believed == [2, 3])
        let isRetiredAgain = rotation.retire()
        #expect(!isRetiredAgain)
    }

    @Test func `whoever believed at rest believes what signs after a rotation`() {
        var rotation = AuthorityRotation()
        for _ in 0..<5 {
            let believed = Set(rotation.believed)
            _ = rotation.begin(at: Self.now)
            #expect(believed.contains(rotation.current))
            _ = rotation.retire()
            #expect(believed.contains(rotation.current))
        }
    }

    @Test(arguments: [
        (3_599, 0, false), (3_600, 0, true), (3_600, 1, false), (86_399, 1, false), (86_400, 1, true),
    ])
    func `the one before goes when nobody needs it, or when the time is over`(
        age: Int64, inUse: Int, isDue: Bool
    ) {
        var rotation = AuthorityRotation()
        _ = rotation.begin(at: Self.now)
        let later = Timestamp(microseconds: Self.now.microseconds + age * 1_000_000)

        #expect(rotation.isDue(certificatesOfPrevious: inUse, at: later, shortest: 3_600, longest: 86_400) == isDue)
        #expect(!AuthorityRotation().isDue(certificatesOfPrevious: 0, at: later, shortest: 0, longest: 0))
    }

    @Test func `file names read back, and other files are nobody's`() {
        for file in [File.key(1), .certificate(1), .key(7), .certificate(7), .crossCertificate(2)] {
            #expect(File(name: file.name) == file)
        }
        for name in ["rotation.json", "ca-1.key", "ca-0.pem", "ca-.key", "ca-x.pem", "ca.key.tmp", "", "ca-02.key"] {
            #expect(File(name: name) == nil, "\(name)")
        }
    }

    struct Killed: Error {}

    /// Every number of steps after which a process can be killed, for both changes.
    @Test func `killed at any step, the authority goes on where it was or where it went`() throws {
        for changeNumber in 0..<2 {
            let change: (inout AuthorityRotation) -> Bool =
                changeNumber == 0 ? { $0.begin(at: Self.now) } : { $0.retire() }
            var killedAfter = 0
            var isDone = false
            while !isDone {
                try withFolder { path in
                    let folder = AuthorityFolder(path: path, cluster: "TEST")
                    var before = try folder.load(now: Self.date)
                    if changeNumber == 1 {
                        before = try #require(try folder.change(now: Self.date) { $0.begin(at: Self.now) })
                    }
                    var wanted = before.rotation
                    _ = change(&wanted)

                    var steps = 0
                    do {
                        _ = try folder.change(now: Self.date, change) { _ in
                            if steps == killedAfter { throw Killed() }
                            steps += 1
                        }
                        isDone = true
                    } catch is Killed {}

                    // As the next start finds it.
                    let found = try folder.load(now: Self.date)
                    #expect(found.rotation == before.rotation || found.rotation == wanted, "after \(killedAfter) steps")
                    #expect(
                        before.trust.pins.contains(found.keyHash),
                        "whoever believed before the change believes what signs now")
                    try folder.tidy()
                    let names = try FileManager.default.contentsOfDirectory(atPath: path)
                    #expect(
                        Set(names) == Set(found.rotation.files.map(\.name) + ["rotation.json"]),
                        "nothing is left, nothing is missing, after \(killedAfter) steps")
                    // It can be finished, and is then as if nothing had happened.
                    if found.rotation == before.rotation {
                        let finished = try folder.change(now: Self.date, change)
                        #expect(finished?.rotation == wanted)
                        try folder.tidy()
                    }
                    #expect(try folder.load(now: Self.date).rotation == wanted)
                }
                killedAfter += 1
            }
            #expect(killedAfter > 2, "there was something to be killed in")
        }
    }

    @Test func `what is loaded while it rotates is whole`() async throws {
        try await withFolder { path in
            let folder = AuthorityFolder(path: path, cluster: "TEST")
            let first = try folder.load(now: Self.date)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        for _ in 0..<40 {
                            let loaded = try folder.load(now: Self.date)
                            #expect(loaded.trust.pins.first == loaded.keyHash)
                        }
                    }
                }
                group.addTask {
                    for _ in 0..<8 {
                        _ = try folder.change(now: Self.date) { $0.begin(at: Self.now) }
                        _ = try folder.change(now: Self.date) { $0.retire() }
                    }
                }
                try await group.waitForAll()
            }
            let last = try folder.load(now: Self.date)
            #expect(last.rotation.current == first.rotation.current + 8)
        }
    }

    @Test func `a token made before a rotation still recognises the grid after it, until the one before is retired`()
        async throws
    {
        try await withFolder { path in
            let folder = AuthorityFolder(path: path + "/ca", cluster: "TEST")
            let before = try folder.load(now: Date())
            let old = before.keyHash
            func verify() async throws -> PeerIdentity {
                let authority = try folder.load(now: Date())
                let identity = try #require(PeerIdentity(cluster: "TEST", role: .coordinator, name: "a"))
                let files = try authority.ensureFiles(for: identity, into: path + "/own", now: Date())
                let chain = try der(files.certificate) + der(files.chain)
                return try await PeerVerifier(
                    anchor: .keyHash(old), side: .server, cluster: nil, roles: [.coordinator]
                ).verify(chain: chain).identity
            }
            #expect(try await verify().name == "a")

            _ = try folder.change(now: Date()) { $0.begin(at: Timestamp(microseconds: 1)) }
            #expect(try await verify().name == "a")

            _ = try folder.change(now: Date()) { $0.retire() }
            await #expect(throws: IdentityError.self) { try await verify() }
        }
    }

    @Test func `a state that says nothing is an error with a cure, not a new authority`() throws {
        try withFolder { path in
            let folder = AuthorityFolder(path: path, cluster: "TEST")
            _ = try folder.load(now: Self.date)
            for text in ["", "{}", "{\"current\":0}", "{\"current\":1,\"overlappingSince\":3}", "{\"current\":\"x\"}"] {
                try text.write(toFile: path + "/rotation.json", atomically: true, encoding: .utf8)
                expectError(.malformed, "restore the folder") { _ = try folder.load(now: Self.date) }
            }
        }
    }
}

/// The certificates of a PEM file, as a peer shows them.
func der(_ path: String) throws -> [[UInt8]] {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    return text.components(separatedBy: "-----BEGIN CERTIFICATE-----\n").dropFirst().compactMap { part in
        let body = part.components(separatedBy: "-----END")[0].filter { !$0.isNewline }
        return Data(base64Encoded: body).map { Array($0) }
    }
}
