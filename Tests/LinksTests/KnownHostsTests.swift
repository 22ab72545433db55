import Links
import Testing

struct KnownHostsTests {
    @Test func `a key takes the place of those of the same name, and of no other`() {
        let old = "[a]:22 ssh-rsa AAA\n[b]:22 ssh-rsa BBB\n[a]:22 ssh-ed25519 CCC\n"

        #expect(
            KnownHosts.text(old, replacing: ["[a]:22 ssh-ed25519 DDD"])
                == "[b]:22 ssh-rsa BBB\n[a]:22 ssh-ed25519 DDD\n")
        #expect(KnownHosts.text("", replacing: ["a ssh-rsa X"]) == "a ssh-rsa X\n")
    }

    @Test func `keys and their fingerprints are told apart from everything else that is printed`() {
        let keys = SSHVisit.keys(
            """
            [127.0.0.1]:22001 ssh-ed25519 AAAAC3Nza
            # 127.0.0.1:22001 SSH-2.0-OpenSSH_9.2
            256 SHA256:abc [127.0.0.1]:22001 (ED25519)
            no matching host key type found
            """)
        #expect(keys.lines == ["[127.0.0.1]:22001 ssh-ed25519 AAAAC3Nza"])
        #expect(keys.fingerprints == ["SHA256:abc (ED25519)"])
    }
}
