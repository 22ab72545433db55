/// The hash that NTLM makes of a password (RFC 1320). Broken for every other use, and not offered for any.
package enum MD4 {
    package static func hash(_ message: [UInt8]) -> [UInt8] {
        var padded = message
        padded.append(0x80)
        padded.append(contentsOf: repeatElement(0, count: (120 - padded.count % 64) % 64))
        padded.append(littleEndian: UInt64(message.count) &* 8)

        var state: [UInt32] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476]
        for block in stride(from: 0, to: padded.count, by: 64) {
            let words = (0..<16).map { padded.littleEndian32(at: block + 4 * $0) }
            let start = state
            for step in 0..<48 {
                let (a, b, c, d) = (state[0], state[1], state[2], state[3])
                let round = rounds[step / 16]
                let word = words[round.order[step % 16]]
                let sum = a &+ round.mix(b, c, d) &+ word &+ round.constant
                let shift = round.shifts[step % 4]
                state = [d, sum << shift | sum >> (32 - shift), b, c]
            }
            for index in 0..<4 { state[index] &+= start[index] }
        }

        var digest: [UInt8] = []
        for word in state { digest.append(littleEndian: word) }
        return digest
    }

    private struct Round: Sendable {
        let constant: UInt32
        let shifts: [UInt32]
        let order: [Int]
        let mix: @Sendable (UInt32, UInt32, UInt32) -> UInt32
    }

    private static let rounds = [
        Round(constant: 0, shifts: [3, 7, 11, 19], order: Array(0..<16)) { $0 & $1 | ~$0 & $2 },
        Round(
            constant: 0x5a82_7999, shifts: [3, 5, 9, 13], order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15]
        ) { $0 & $1 | $0 & $2 | $1 & $2 },
        Round(
            constant: 0x6ed9_eba1, shifts: [3, 9, 11, 15],
            order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15]
        ) { $0 ^ $1 ^ $2 },
    ]
}
