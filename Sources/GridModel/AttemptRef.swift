/// One try at a task. The epoch counts from 1; only the newest epoch of a task may change it.
package struct AttemptRef: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let task: TaskID
    package let epoch: UInt32

    package init(task: TaskID, epoch: UInt32) {
        self.task = task
        self.epoch = epoch
    }

    package static func < (left: AttemptRef, right: AttemptRef) -> Bool {
        (left.task, left.epoch) < (right.task, right.epoch)
    }

    package var description: String { "\(task).\(epoch)" }
}
