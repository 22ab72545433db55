import GridModel

/// What is known of the nodes for one shape: which could ever take it, and what it would strand on each.
struct ShapeIndex: Sendable {
    struct Entry: Sendable {
        /// Of the node, when this was found out; 0 before.
        var stamp: UInt64 = 0
        var generation: UInt32 = 0
        var fits = false
        /// The GPU that a share is best taken from; -1 when it makes no difference.
        var gpu: Int8 = -1
        /// In GPUs.
        var stranded: Float = 0
        /// What of the node's share in the supply is left after it.
        var wholeAfter: Int8 = 0
    }

    let shape: Shape
    /// Open nodes that could take the shape if nothing else were there, in the order of their indices.
    var candidates: [Int32] = []
    /// By node.
    var entries: [Entry] = []
    /// Up to here the fleet's changes are known.
    var seenChanges = -1
    var lastUsed: UInt64 = 0

    init(shape: Shape) { self.shape = shape }
}
