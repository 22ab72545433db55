import GridStore
import Testing

@Suite struct ChecksumTests {
    /// From the algorithm's reference implementation.
    @Test(
        arguments: [
            (0, 0xEF46_DB37_51D8_E999, 0xC434_9FC9_3C01_0000), (1, 0x1F25_C8D0_BC1F_4BB6, 0x7982_6BCD_749D_267A),
            (3, 0x31D2_363F_52E5_64C9, 0x78EF_D775_75E2_6575), (4, 0x9BB6_4B7D_66EE_9FDA, 0x6F0A_6C97_D68B_F353),
            (8, 0xDAB9_9D95_C6F9_0092, 0xA2F1_E284_37A7_8A1B), (31, 0xA2AA_5F33_CC4A_6119, 0x7554_3727_1D1D_0A84),
            (32, 0x23C3_C17E_F790_FD97, 0xBF62_4B93_2C09_0428), (33, 0x50A7_CFC7_BA58_8784, 0x7ACE_AF1E_9D34_EA35),
            (63, 0x5E3E_54B4_31C7_493C, 0x2C8D_DCE5_C85D_0D9D), (100, 0xA61F_8D4C_170F_E531, 0xF6D8_F65C_625A_BB4F),
            (1_000, 0x5F23_5FA0_33F1_A3FB, 0x442A_CD0A_822E_86F6),
        ] as [(Int, UInt64, UInt64)])
    func `the checksum is XXH64`(count: Int, plain: UInt64, seeded: UInt64) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7 + 3) }

        bytes.withUnsafeBytes { bytes in
            #expect(Checksum.of(bytes, seed: 0) == plain)
            #expect(Checksum.of(bytes, seed: 0x9E37_79B9_7F4A_7C15) == seeded)
        }
    }
}
