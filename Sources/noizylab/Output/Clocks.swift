import Foundation

/// The clocks of the command line, read at the rim.
enum Clocks {
    /// Microseconds since 1970.
    static func wall() -> Int64 { Int64(Date().timeIntervalSince1970 * 1_000_000) }
}
