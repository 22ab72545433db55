import GRPCCore
package import GridWire
import SwiftProtobuf

/// Looking back, and looking at the doors: for operators.
extension GridClient {
    /// The audit's records in order, a page at a time.
    package func readAudit(
        from first: UInt64 = 0, last: Int = 0,
        _ onPage: @escaping @Sendable (Noizylab_Grid_ReadAuditResponse) async throws -> Void
    ) async throws {
        let request = Noizylab_Grid_ReadAuditRequest.with {
            $0.from = first
            $0.last = UInt32(clamping: last)
        }
        do {
            try await audit.readAudit(request) { response in
                for try await page in response.messages { try await onPage(page) }
            }
        } catch {
            throw explain(error)
        }
    }

    package func surface() async throws -> [Noizylab_Grid_Listener] {
        try await call { try await audit.surface(Noizylab_Grid_SurfaceRequest()) }.listeners
    }
}
