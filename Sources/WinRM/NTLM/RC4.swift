/// The stream cipher that NTLM seals with. Its state runs on from message to message, so each one must be applied once
/// and in order.
package struct RC4: Sendable {
    private var state = Array(UInt8.min...UInt8.max)
    private var first: UInt8 = 0
    private var second: UInt8 = 0

    /// - Parameter key: not empty.
    package init(key: [UInt8]) {
        precondition(!key.isEmpty, "a key of no bytes")
        var other: UInt8 = 0
        for index in 0..<256 {
            other = other &+ state[index] &+ key[index % key.count]
            state.swapAt(index, Int(other))
        }
    }

    /// Both ways: seals plain text, opens sealed text.
    package mutating func apply(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        bytes.map { byte in
            first &+= 1
            second = second &+ state[Int(first)]
            state.swapAt(Int(first), Int(second))
            return byte ^ state[Int(state[Int(first)] &+ state[Int(second)])]
        }
    }
}
