/// A file of host keys as OpenSSH reads it, one `NAME TYPE KEY` a line.
package enum KnownHosts {
    /// The text with these lines in the place of all others of the same names.
    package static func text(_ old: String, replacing lines: [String]) -> String {
        let names = Set(lines.map(name))
        let kept = old.split(separator: "\n").map(String.init).filter { !names.contains(name($0)) }
        return (kept + lines).map { $0 + "\n" }.joined()
    }

    private static func name(_ line: String) -> String { String(line.prefix { $0 != " " }) }
}
