import Foundation

/// A number of the environment, for counts that a longer run raises.
func count(_ variable: String, default value: Int) -> Int {
    ProcessInfo.processInfo.environment[variable].flatMap { Int($0) } ?? value
}
