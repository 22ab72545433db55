/// Numbers as NTLM writes them: the least byte first.
extension Array where Element == UInt8 {
    package mutating func append(littleEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    /// The caller has checked that they are there.
    package func littleEndian16(at offset: Int) -> UInt16 { UInt16(self[offset]) | UInt16(self[offset + 1]) << 8 }

    package func littleEndian32(at offset: Int) -> UInt32 {
        UInt32(littleEndian16(at: offset)) | UInt32(littleEndian16(at: offset + 2)) << 16
    }

    package init(utf16LittleEndian text: String) {
        self = []
        for unit in text.utf16 { append(littleEndian: unit) }
    }
}
