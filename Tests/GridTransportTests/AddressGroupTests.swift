import GridTransport
import Testing

struct AddressGroupTests {
    static let groups = [
        ("10.0.0.2", "10.0.0.2"), ("127.0.0.1", "127.0.0.1"), ("::ffff:10.0.0.2", "10.0.0.2"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2"), ("2001:db8:1:2::6", "2001:db8:1:2"), ("2001:db8::6", "2001:db8:0:0"),
        ("::1", "0:0:0:0"), ("fe80::1:2%eth0", "fe80:0:0:0"), ("::", "0:0:0:0"), ("local", "local"),
    ]

    @Test(arguments: groups)
    func `addresses of one machine are counted together`(address: String, group: String) {
        #expect(AddressGroup.of(address) == group)
    }
}
