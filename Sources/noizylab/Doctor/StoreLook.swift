import Foundation
import GridLogic
import GridStore

/// Whether the store is whole, by reading it beside whoever writes it.
struct StoreLook: Sendable {
    let home: HomeFolder

    private static let limit: Duration = .seconds(10)

    func read() async -> GridChecks.Store {
        let path = "\(home.path)/store/grid.sqlite"
        guard let facts = FileFacts(path) else { return .none }
        do {
            let answer = try await StoreCheck.run(path: path, within: Self.limit)
            return .checked(path: path, answer: answer, bytes: facts.size)
        } catch {
            return .unknown(path: path, why: "\(error)")
        }
    }
}
