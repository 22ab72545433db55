import Dispatch
import GridStore

/// Runs what blocks (reads of the store, waits for the disk) on threads of its own, never on an event loop.
final class BlockingReads: Sendable {
    private let queue = DispatchQueue(label: "noizylab.blocking", qos: .userInitiated, attributes: .concurrent)

    /// Without waiting for it.
    func start(_ body: @escaping @Sendable () -> Void) { queue.async(execute: body) }

    func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(StoreError) -> Value
    ) async throws(OperationError) -> Value {
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: Result(catching: body)) }
        }
        switch result {
        case .success(let value): return value
        case .failure(let error): throw OperationError(error)
        }
    }
}
