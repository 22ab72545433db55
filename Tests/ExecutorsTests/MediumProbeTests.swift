import Executors
import GridModel
import Testing

struct MediumProbeTests {
    @Test func `this machine is reached within itself, and a name that is none not at all`() async {
        #expect(await MediumProbe.towards("127.0.0.1") == .loopback)
        #expect(await MediumProbe.towards("localhost") == .loopback)
        #expect(await MediumProbe.towards("no such name") == nil)
    }

    @Test func `Darwin's ports are read from what networksetup printed`() {
        let text = """

            Hardware Port: Ethernet Adapter (en4)
            Device: en4
            Ethernet Address: 8e:9f:7e:d2:a0:4f

            Hardware Port: Thunderbolt Bridge
            Device: bridge0
            Ethernet Address: 36:5d:34:2e:8c:40

            Hardware Port: Wi-Fi
            Device: en0
            Ethernet Address: f4:d4:88:6b:ba:5e

            """
        #expect(MediumProbe.medium(of: "en4", hardwarePorts: text) == .wired)
        #expect(MediumProbe.medium(of: "en0", hardwarePorts: text) == .wireless)
        #expect(MediumProbe.medium(of: "bridge0", hardwarePorts: text) == .virtual)
        #expect(MediumProbe.medium(of: "en", hardwarePorts: text) == nil)
    }
}
