import GridModel

/// The signers whose tasks a node takes: lines of a public key and a name, as `noizylab signer trust` writes them;
/// `#` begins a comment.
package struct TrustedSigners: Sendable {
    /// One line: a key, and whom the machine's owner calls by it.
    package struct Signer: Sendable, Hashable {
        package let key: SignerPublicKey
        package let name: String

        package init(key: SignerPublicKey, name: String) {
            self.key = key
            self.name = name
        }

        package var line: String { "\(key) \(name)" }
    }

    package private(set) var signers: [Signer] = []
    private var verifiers: [[UInt8]: (signer: Signer, verifier: SignatureVerifier)] = [:]

    package init() {}

    /// - Parameter source: the file or the configuration's key, for messages.
    package init(text: String, from source: String) throws(IdentityError) {
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let content = line.prefix { $0 != "#" }
            let words = content.split { $0.isWhitespace }
            guard let first = words.first else { continue }
            do throws(IdentityError) {
                guard words.count <= 2 else {
                    throw IdentityError(.malformed, "a line is a public key and a name of one word.")
                }
                let name = words.count == 2 ? String(words[1]) : ""
                guard name.isEmpty || NodeName(name) != nil else {
                    throw IdentityError(
                        .malformed, "'\(name.forPeople)' is not a name: letters, digits, '.', '_', '-'.")
                }
                try add(Signer(key: SignerPublicKey(parsing: first), name: name))
            } catch {
                throw IdentityError(error.code, "\(source):\(index + 1): \(error.message)")
            }
        }
    }

    package mutating func add(_ signer: Signer) throws(IdentityError) {
        let id = signer.key.id
        guard verifiers[id] == nil else { return }
        verifiers[id] = (signer, try signer.key.verifier())
        signers.append(signer)
    }

    /// By name, or by the beginning of its id. What went.
    package mutating func remove(_ text: String) -> [Signer] {
        let gone = signers.filter {
            $0.name == text || text.utf8.count >= 8 && Hexadecimal.encode($0.key.id).hasPrefix(text)
        }
        for signer in gone { verifiers[signer.key.id] = nil }
        signers.removeAll { gone.contains($0) }
        return gone
    }

    package func find(_ id: [UInt8]) -> (signer: Signer, verifier: SignatureVerifier)? { verifiers[id] }

    package var isEmpty: Bool { signers.isEmpty }

    package var text: String { signers.map { $0.line + "\n" }.joined() }
}
