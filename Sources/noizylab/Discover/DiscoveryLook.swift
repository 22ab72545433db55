import Discovery
import Executors
import NIOPosix
import Synchronization

/// Finds machines: who announces a grid, who answers at a port, whom this machine has spoken to of late.
struct DiscoveryLook: Sendable {
    let networks: [IPv4Network]

    /// - Parameter onProgress: how many addresses are done with, and how many there are.
    func find(onProgress: @escaping @Sendable (Int, Int) -> Void) async throws -> [FoundHost] {
        let addresses = Array(Set(networks.flatMap { Array($0.hosts) })).sorted()
        // Loopback has no neighbours that could call.
        let multicast = networks.allSatisfy(\.isLoopback) ? [] : LocalNetwork.multicast()
        async let services = GridBrowser.browse(multicast)
        let probe = try HostProbe(group: MultiThreadedEventLoopGroup.singleton)
        let hosts = Mutex<[IPv4Address: FoundHost]>([:])
        let done = Mutex(0)
        await probe.search(addresses) { host in
            hosts.withLock { $0[host.address] = host }
            onProgress(
                done.withLock {
                    $0 += 1
                    return $0
                }, addresses.count)
        }
        var found = hosts.withLock { $0 }
        // Knocking has made the system ask the links who has which address.
        for neighbour in await Self.neighbours() { found[neighbour.address]?.hardware = neighbour.hardware }
        for service in await services {
            for address in service.addresses where networks.contains(where: { $0.contains(address) }) {
                found[address, default: FoundHost(address: address)].service = service
            }
        }
        return found.values.filter(\.isThere).sorted { $0.address < $1.address }
    }

    static func neighbours() async -> [Neighbour] {
        #if canImport(Darwin)
            let text = await ProgramOutput.read(
                "arp", ["-an"], environment: .ofThisProcess(), within: .seconds(5))
            return Neighbour.parse(arp: text ?? "")
        #else
            return Neighbour.parse(procNetARP: Folders.readText("/proc/net/arp") ?? "")
        #endif
    }
}
