package import GridModel

/// Runs attempts for an agent, and lends it a timer. Owned by whoever made it, who also stops it.
package protocol NodeRunner: Executor {
    /// Calls back after a while, on a thread that must not be blocked.
    func after(milliseconds: Int64, _ body: @escaping @Sendable () -> Void)
}

/// A way to a machine on which no agent runs: SSH, WinRM. What is on its other end runs `runner`'s attempts as long as
/// the road is open; when it closes they end, there too, and are reported as lost.
package protocol Road: Sendable {
    var runner: any NodeRunner { get }
    /// Opens it and tells what comes of it, `closed` being the last. Ending the stream closes the road. Once at a time.
    func open() -> AsyncStream<RoadEvent>
    /// Closes it from this side; the stream ends.
    func close()
}

/// What a road tells. Samples come every 500 ms and are the proof that the other machine lives.
package enum RoadEvent: Sendable {
    case opened(NodeInventory)
    case sample(NodeSample)
    case gpus([GPUSample])
    case closed(RoadFailure)
}

/// Why a road is closed, for people: what was the matter, and the command that mends it where there is one.
package struct RoadFailure: Error, Sendable, Hashable {
    package var reason: String
    package var remedy: String

    package init(reason: String, remedy: String = "") {
        self.reason = reason
        self.remedy = remedy
    }
}
