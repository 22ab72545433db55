/// What was heard of grids so far: pieces in any order, from anybody. Bounded.
package struct GridCatalogue: Sendable {
    private static let limit = 64

    private var instances: [DNSName] = []
    private var services: [DNSName: (port: UInt16, host: DNSName)] = [:]
    private var texts: [DNSName: [String: String]] = [:]
    private var addresses: [DNSName: [IPv4Address]] = [:]
    private let type: DNSName

    package init?() {
        guard let type = DNSName(GridService.type) else { return nil }
        self.type = type
    }

    package var question: DNSMessage {
        var message = DNSMessage()
        message.questions = [.init(type, DNSType.pointer)]
        return message
    }

    package mutating func hear(_ message: DNSMessage) {
        guard message.isResponse else { return }
        for record in message.answers + message.additional {
            switch record.content {
            case .pointer(let instance) where record.name == type && instance.parent == type:
                if record.seconds == 0 {
                    instances.removeAll { $0 == instance }
                } else if !instances.contains(instance), instances.count < Self.limit {
                    instances.append(instance)
                }
            case .service(let port, let host) where record.name.parent == type:
                if services.count < Self.limit { services[record.name] = (port, host) }
            case .text(let pieces) where record.name.parent == type:
                if texts.count < Self.limit { texts[record.name] = Self.pairs(pieces) }
            case .address(let address):
                let known = addresses[record.name] ?? []
                if addresses.count < Self.limit, known.count < 8, !known.contains(address) {
                    addresses[record.name] = known + [address]
                }
            default: break
            }
        }
    }

    /// Those of which enough is known to find them.
    package var found: [GridService] {
        instances.compactMap { instance in
            guard let (port, host) = services[instance], let addresses = addresses[host] else { return nil }
            let text = texts[instance] ?? [:]
            return GridService(
                cluster: text["cluster"] ?? "", node: text["node"] ?? instance.first, version: text["version"] ?? "",
                port: port, edgePort: text["edge"].flatMap { UInt16($0) } ?? 0, addresses: addresses.sorted())
        }
    }

    private static func pairs(_ pieces: [[UInt8]]) -> [String: String] {
        var found: [String: String] = [:]
        for piece in pieces.prefix(16) {
            let text = String(decoding: piece, as: UTF8.self)
            guard let equals = text.firstIndex(of: "=") else { continue }
            found[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        return found
    }
}
