#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The folders that attempts work in. One that comes back as it was given, empty, is given again: making and removing
/// one costs an ext4 more than starting a program does. Owned by one loop.
struct ScratchPool {
    private static let spareLimit = 64

    private let prefix: String
    private var spare: [String] = []
    private var made = 0

    init(folder: String, number: Int) { prefix = "\(folder)/\(number)-" }

    /// A folder of one's own, empty and for this user alone; nil when there can be none, and errno says why.
    mutating func take() -> String? {
        if let path = spare.popLast() { return path }
        made += 1
        let path = prefix + String(made)
        return mkdir(path, 0o700) == 0 || errno == EEXIST ? path : nil
    }

    /// False when something is left in it: it is then the caller's to remove.
    mutating func giveBack(_ path: String) -> Bool {
        if spare.count < Self.spareLimit && Self.isUntouched(path) {
            spare.append(path)
            return true
        }
        return rmdir(path) == 0 || errno == ENOENT
    }

    mutating func removeSpare() {
        for path in spare { rmdir(path) }
        spare = []
    }

    private static func isUntouched(_ path: String) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_mode & 0o7777 == 0o700 else {
            return false
        }
        return Folders.names(in: path).isEmpty
    }
}
