#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What programs get of the agent's own environment: names on a list and nothing else, so that no secret of the
/// agent's leaks into what it runs.
package struct BaseEnvironment: Sendable {
    package static let allowed = [
        "HOME", "LANG", "LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_MESSAGES", "LC_MONETARY", "LC_NUMERIC", "LC_TIME",
        "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER",
    ]
    package static let defaultPath = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"

    package var variables: [String: String]

    package init(variables: [String: String]) {
        self.variables = variables
        if variables["PATH", default: ""].isEmpty { self.variables["PATH"] = Self.defaultPath }
    }

    package static func ofThisProcess() -> BaseEnvironment {
        var variables: [String: String] = [:]
        for name in allowed {
            if let value = getenv(name) { variables[name] = String(cString: value) }
        }
        return BaseEnvironment(variables: variables)
    }
}
