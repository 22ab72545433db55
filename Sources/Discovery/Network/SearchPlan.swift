/// Which networks are searched.
package enum SearchPlan {
    /// Why one is not.
    package enum Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        case malformed(String)
        case tooLarge(IPv4Network)
        case notPrivate(IPv4Network)
        case nothing

        package var description: String {
            switch self {
            case .malformed(let text): "'\(text)' is no network"
            case .tooLarge(let network):
                "\(network) has \(network.size) addresses: that takes long, and looks like an attack"
            case .notPrivate(let network): "\(network) is no private network: its machines are other people's"
            case .nothing: "this machine is in no private network that is small enough to search"
            }
        }

        package var remedy: String {
            switch self {
            case .malformed: "noizylab discover 192.168.1.0/24"
            case .tooLarge(let network):
                "noizylab discover \(network.base)/24, a part of it"
                    + (network.prefix >= SearchPlan.largestPrefix ? "; or --any, if it is yours" : "")
            case .notPrivate: "--any, if it is yours"
            case .nothing: "noizylab discover 192.168.1.0/24, with the network that is meant"
            }
        }
    }

    /// Larger ones have to be asked for.
    package static let smallestPrefix = 20
    /// 65,536 addresses are searched in a quarter of an hour; what is larger never ends.
    static let largestPrefix = 16

    package static func named(_ text: String, isAnyAllowed: Bool) throws(Refusal) -> IPv4Network {
        guard let network = IPv4Network(text) else { throw .malformed(text) }
        guard isAnyAllowed || network.prefix >= smallestPrefix else { throw .tooLarge(network) }
        guard isAnyAllowed || network.isPrivate else { throw .notPrivate(network) }
        guard network.prefix >= largestPrefix else { throw .tooLarge(network) }
        return network
    }

    /// Those that this machine is in, each once; what is larger is left out, and so is what leads nowhere.
    package static func own(_ networks: [IPv4Network]) throws(Refusal) -> [IPv4Network] {
        let fit = networks.filter {
            $0.isPrivate && !$0.isLoopback && !$0.isLinkLocal && ($0.prefix >= smallestPrefix && $0.prefix <= 30)
        }
        var found: [IPv4Network] = []
        for network in fit where !fit.contains(where: { $0 != network && $0.contains(network) }) {
            if !found.contains(network) { found.append(network) }
        }
        guard !found.isEmpty else { throw .nothing }
        return found.sorted { $0.base < $1.base }
    }
}
