import Foundation
import Testing

/// A grid of two local nodes, of which HP-OMEN runs only what a trusted signer signed.
func withStrictGrid(_ body: (GridFixture) async throws -> Void) async throws {
    let config = """
        cluster = "STUDIO"
        [coordinator]
        node = "M2-Ultra"
        listen = "127.0.0.1:0"
        edge = "127.0.0.1:0"
        [[node]]
        name = "M2-Ultra"
        role = "primary"
        link = "local"
        [[node]]
        name = "HP-OMEN"
        link = "local"
        require_signed = true
        """
    try await withGrid(config: config) { grid in
        try await grid.online(["M2-Ultra", "HP-OMEN"])
        try await body(grid)
    }
}

extension GridFixture {
    /// A signing key in the scratch folder, which this machine's nodes trust when `isTrusted`. Its file.
    func makeSigner(_ name: String, algorithm: String = "ed25519", isTrusted: Bool = true) async throws -> String {
        let file = "\(scratch)/\(name).key"
        let made = try await succeeding("signer", "create", file, "--algorithm", algorithm, "-o", "json")
        if isTrusted {
            try await succeeding("signer", "trust", try made.json()["public_key"].text ?? "", "--name", name)
        }
        return file
    }
}
