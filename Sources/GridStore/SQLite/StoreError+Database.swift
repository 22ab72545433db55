import GRDB

extension StoreError {
    /// `tried`: a sentence's beginning, such as `could not keep 12 tasks in /x/grid.sqlite`.
    init(_ tried: String, _ error: any Error) {
        if let error = error as? StoreError {
            self = error
            return
        }
        guard let database = error as? DatabaseError else {
            self.init(.inputOutput, tried, cause: error)
            return
        }
        switch database.resultCode {
        case .SQLITE_FULL:
            self.init(
                .diskFull, "\(tried): the disk is full; make room and it goes on (nothing acknowledged is lost)",
                cause: error)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT:
            self.init(corrupt: tried, cause: error)
        case .SQLITE_CONSTRAINT:
            self.init(.conflict, "\(tried): it contradicts what is kept", cause: error)
        case .SQLITE_MISUSE:
            self.init(.closed, "\(tried): the store is closed", cause: error)
        default:
            self.init(.inputOutput, "\(tried): check the disk and the folder's permissions", cause: error)
        }
    }

    init(corrupt tried: String, cause: (any Error)? = nil) {
        self.init(
            .corrupt,
            "\(tried): the file is damaged; stop the grid, keep a copy of the folder, and restore a backup or move "
                + "the folder away to start empty",
            cause: cause)
    }
}
