import Dispatch
import GridIdentity
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

    /// What touches keys and certificates: files, the store, and a signature's millisecond.
    func runIdentity<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws(OperationError) -> Value {
        let result: Result<Value, any Error> = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: Result(catching: body)) }
        }
        do { return try result.get() } catch { throw OperationError(identity: error) }
    }
}
