import GridModel
import GridStore
import GridWire

extension Noizylab_Grid_OutputChunk {
    init(_ piece: OutputPiece) {
        self.init()
        offset = piece.offset
        stream = UInt32(piece.stream.rawValue)
        data = .init(piece.bytes)
        omittedBefore = piece.omittedBefore
    }
}
