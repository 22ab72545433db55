import Foundation
import GridModel
import GridStore

#if canImport(Glibc)
    import Glibc
#endif

/// Work that takes long and may wait, such as a list of a thousand tasks: on one thread, one piece after another, with
/// turns between those who ask, and behind everything else that wants a processor.
final class LongWork: Sendable {
    private let waiting = Mailbox<@Sendable () -> Void>(capacity: 1_000 * LongWork.weight)

    /// Of one piece: a whole turn.
    private static let weight = 64

    init() {
        let thread = Thread { [waiting] in
            #if canImport(Glibc)
                // On Linux a nice value is a thread's own; 0 names the calling one. More is always allowed.
                _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
            #endif
            var pieces: [@Sendable () -> Void] = []
            while waiting.take(into: &pieces, until: nil) { for piece in pieces { piece() } }
        }
        thread.name = "long-work"
        thread.qualityOfService = .utility
        thread.start()
    }

    deinit { waiting.close() }

    /// `owner`: whose turn it is. Refused when too much waits.
    func run<Value: Sendable>(
        for owner: String, _ body: @escaping @Sendable () throws -> Value
    ) async throws(OperationError) -> Value {
        let result: Result<Value, any Error> = await withCheckedContinuation { continuation in
            let pushed = waiting.push(
                { continuation.resume(returning: Result(catching: body)) }, weight: Self.weight, owner: owner)
            if pushed != .taken { continuation.resume(returning: .failure(OperationError.refused(.overloaded))) }
        }
        switch result {
        case .success(let value): return value
        case .failure(let error as OperationError): throw error
        case .failure(let error as StoreError): throw OperationError(error)
        case .failure: throw .failed("What was asked for could not be put together.")
        }
    }
}
