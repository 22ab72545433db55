import Foundation
import GridLogic
import GridModel

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The names that the configuration gives, looked up as the system does.
enum NameLook {
    static func read(_ plan: GridPlan?) -> [MachineChecks.Name] {
        guard let plan else { return [] }
        var wanted: [(owner: String, name: String)] = []
        if plan.hasCoordinator {
            wanted.append(("coordinator.listen", plan.listenHost))
            wanted.append(("coordinator.edge", plan.edgeHost))
        } else {
            wanted.append(("the coordinator", plan.coordinatorHost))
        }
        // OpenSSH may know a name that nobody else does: its own check tells of those.
        for node in plan.nodes where !node.address.isEmpty && node.roadOverSSH == nil {
            wanted.append(("node '\(node.name)'", node.address))
        }
        return wanted.map { .init(owner: $0.owner, name: $0.name, failure: failure($0.name)) }
    }

    /// A number of a private network, or of one link.
    static func isLocal(_ address: String) -> Bool {
        let parts = address.split(separator: ".").compactMap { UInt8($0) }
        guard parts.count == 4 else { return false }
        return parts[0] == 10 || (parts[0] == 172 && (16...31).contains(parts[1]))
            || (parts[0] == 192 && parts[1] == 168)
            || (parts[0] == 169 && parts[1] == 254)
    }

    private static func failure(_ name: String) -> String? {
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(name, nil, nil, &list)
        defer { if let list { freeaddrinfo(list) } }
        return code == 0 ? nil : String(cString: gai_strerror(code)).lowercased()
    }
}
