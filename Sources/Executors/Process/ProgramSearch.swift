#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Finds a program as a shell would: names with a slash as they are, others in PATH.
struct ProgramSearch {
    enum Answer: Hashable {
        case found(String)
        case missing
        /// A file is there, but it cannot be executed; the code says why.
        case notExecutable(String, Int32)
    }

    let path: String
    /// What relative names are relative to.
    let directory: String

    func find(_ name: String) -> Answer {
        if name.utf8.contains(47) { return check(absolute(name)) }
        var worse = Answer.missing
        for folder in path.split(separator: ":", omittingEmptySubsequences: false) {
            let answer = check(absolute(folder.isEmpty ? name : folder + "/" + name))
            switch answer {
            case .found: return answer
            case .missing: continue
            case .notExecutable: if worse == .missing { worse = answer }
            }
        }
        return worse
    }

    private func absolute(_ name: some StringProtocol) -> String {
        name.hasPrefix("/") ? String(name) : directory + "/" + name
    }

    private func check(_ file: String) -> Answer {
        var status = stat()
        guard stat(file, &status) == 0 else {
            return errno == EACCES ? .notExecutable(file, EACCES) : .missing
        }
        if status.st_mode & S_IFMT == S_IFDIR { return .notExecutable(file, EISDIR) }
        return access(file, X_OK) == 0 ? .found(file) : .notExecutable(file, errno)
    }
}
