import GridModel
import GridStore
import Testing

@Suite struct TokenTests {
    private let hash = [UInt8](repeating: 7, count: 32)
    private let node = NodeName("HP-OMEN")!

    @Test func `a token is used once, for its name, in its time`() throws {
        try withFolder { folder in
            let store = try SQLiteStore(folder: folder)
            try store.saveToken(StoredToken(hash: hash, name: node, expires: Timestamp(microseconds: 100)))
            let early = Timestamp(microseconds: 50)

            let other = NodeName("Mac-Pro")!
            #expect(try store.useToken(hash: [UInt8](repeating: 8, count: 32), by: node, at: early) == .unknown)
            #expect(try store.useToken(hash: hash, by: other, at: early) == .wrongName(node))
            let late = Timestamp(microseconds: 100)
            #expect(try store.useToken(hash: hash, by: node, at: late) == .expired(late))
            #expect(try store.useToken(hash: hash, by: node, at: early) == .accepted)
            #expect(try store.useToken(hash: hash, by: node, at: late) == .used(at: early, by: "HP-OMEN"))
            #expect(try store.purgeTokens(expiredBefore: Timestamp(microseconds: 101)) == 1)
            #expect(try store.useToken(hash: hash, by: node, at: early) == .unknown)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `of many at once one is accepted`() async throws {
        try await withFolder { folder in
            let store = try SQLiteStore(folder: folder)
            try store.saveToken(StoredToken(hash: hash, name: nil, expires: Timestamp(microseconds: 100)))

            let outcomes = try await withThrowingTaskGroup(of: TokenOutcome.self) { group in
                for index in 0..<64 {
                    group.addTask {
                        try store.useToken(
                            hash: [UInt8](repeating: 7, count: 32), by: NodeName("n\(index)")!,
                            at: Timestamp(microseconds: 1))
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }

            #expect(outcomes.count { $0 == .accepted } == 1)
        }
    }
}
