/// The most that a task may ask for or carry: what a machine can hold, an operating system can pass on, and a number can
/// mean. Requests beyond them are refused whole, never cut.
package enum TaskLimits {
    /// One argument; Linux takes no longer one (`MAX_ARG_STRLEN`, less the NUL).
    package static let argumentBytes = 128 * 1024 - 1
    /// All arguments, each with its NUL; or the script.
    package static let commandBytes = 1 << 20
    package static let environmentBytes = 1 << 20
    package static let environmentNameBytes = 256
    package static let pathBytes = 4_095
    package static let standardInputBytes = 4 << 20
    package static let echoBytes = 4 << 20
    package static let hostBytes = 253
    package static let ports = 1...65_535
    package static let cpuMillis: ClosedRange<Int64> = 0...4_096_000
    package static let memoryBytes: ClosedRange<Int64> = 0...(1 << 48)
    package static let gpus = 0...64
    package static let gpuMemoryBytes: ClosedRange<Int64> = 0...(1 << 44)
    package static let diskBytes: ClosedRange<Int64> = 0...(1 << 56)
    /// Kinds of counted resources that one task may ask for, and how many of one.
    package static let customResources = 16
    package static let customCount: ClosedRange<Int64> = 1...(1 << 40)
    package static let constraintBytes = 4_096
    package static let priorities = -100...100
    package static let retries = 0...100
    /// A year.
    package static let timeoutMilliseconds: ClosedRange<Int64> = 0...31_536_000_000
    package static let outputLimitBytes: ClosedRange<Int64> = 0...(1 << 40)
    package static let submitterBytes = 256
    package static let metadataEntries = 256
    package static let metadataKeyBytes = 256
    package static let metadataBytes = 64 << 10
    package static let keyBytes = 1...256
}
