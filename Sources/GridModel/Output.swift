/// Which of a process's two outputs.
package enum OutputStream: UInt8, Sendable, Hashable, CaseIterable {
    case stdout = 1
    case stderr = 2
}

/// A piece of an attempt's output. `offset` counts the attempt's bytes over both streams in the order they were read,
/// so that one number orders everything and says where to go on.
package struct OutputChunk: Sendable, Hashable {
    package var offset: Int64
    package var stream: OutputStream
    package var bytes: [UInt8]

    package init(offset: Int64, stream: OutputStream, bytes: [UInt8]) {
        self.offset = offset
        self.stream = stream
        self.bytes = bytes
    }

    package var end: Int64 { offset + Int64(bytes.count) }
}
