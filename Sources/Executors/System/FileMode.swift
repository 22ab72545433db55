#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Who may open a file or a folder. Links are not followed.
package struct FileMode: Sendable, Hashable {
    /// The lower nine bits.
    package let mode: UInt32
    package let isFolder: Bool
    package let isFile: Bool
    /// It belongs to the user of this process.
    package let isOwn: Bool

    /// Nil when it is not there, or cannot be looked at.
    package init?(_ path: String) {
        var facts = stat()
        guard lstat(path, &facts) == 0 else { return nil }
        mode = UInt32(facts.st_mode) & 0o777
        isFolder = facts.st_mode & S_IFMT == S_IFDIR
        isFile = facts.st_mode & S_IFMT == S_IFREG
        isOwn = facts.st_uid == geteuid()
    }

    /// False when it could not be set; errno says why.
    package static func set(_ path: String, _ mode: UInt32) -> Bool { chmod(path, mode_t(mode)) == 0 }
}
