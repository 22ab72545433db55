/// What the doctor makes of a visit to a machine's SSH server.
package enum RoadChecks {
    package struct Visit: Sendable, Hashable {
        package var node: String
        /// As a person would name it: `127.0.0.1 port 22`.
        package var place: String
        /// The first line of the server; nil: nothing answered, for the reason.
        package var banner: String?
        package var failure = ""
        /// Nil: nobody looked.
        package var isKeyKnown: Bool?
        /// Of the keys that it shows: `SHA256:… (ED25519)`.
        package var fingerprints: [String] = []
        /// Why it did not let us in, and what helps; nil: it did.
        package var refusal: Complaint?
        /// It was tried to log in.
        package var isTried = false

        package init(node: String, place: String) {
            self.node = node
            self.place = place
        }
    }

    package static func visit(_ visit: Visit) -> [Finding] {
        guard let banner = visit.banner else {
            return [
                Finding(
                    .connection, node: visit.node, .failed, "no SSH at \(visit.place): \(visit.failure)",
                    try: "there: sudo systemctl start ssh (macOS: sudo systemsetup -setremotelogin on)")
            ]
        }
        var found: [Finding] = []
        if visit.isKeyKnown == false {
            let shown = visit.fingerprints.isEmpty ? "" : "; it shows \(visit.fingerprints.joined(separator: ", "))"
            found.append(
                Finding(
                    .hostKey, node: visit.node, .failed, "the host key of \(visit.place) is not known\(shown)",
                    try:
                        "noizylab node trust \(visit.node), when that is what ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub shows there"
                ))
        } else if visit.isKeyKnown == true {
            found.append(Finding(.hostKey, node: visit.node, .ok, "its host key is known"))
        }
        if let refusal = visit.refusal, visit.isKeyKnown != false {
            found.append(Finding(.login, node: visit.node, .failed, refusal.text, try: refusal.remedy))
        } else if visit.isTried, visit.refusal == nil {
            found.append(Finding(.login, node: visit.node, .ok, "it lets us in (\(banner))"))
        }
        return found
    }
}
