/// What a coordinator says when it is asked, and unasked.
package struct GridAnnouncement: Sendable {
    /// Of records that name a host, and of the others (RFC 6762 §10).
    static let hostSeconds: UInt32 = 120
    static let otherSeconds: UInt32 = 4_500

    private let service: DNSName
    private let instance: DNSName
    private let host: DNSName
    private let announced: GridService

    /// Nil when a name is none.
    package init?(_ announced: GridService) {
        guard let service = DNSName(GridService.type), let instance = service.adding(announced.instance),
            let host = DNSName("local")?.adding(announced.host)
        else { return nil }
        (self.service, self.instance, self.host, self.announced) = (service, instance, host, announced)
    }

    /// Unasked; with `isLeaving` it takes everything back.
    package func announcement(isLeaving: Bool = false) -> DNSMessage {
        var message = DNSMessage()
        message.isResponse = true
        message.answers = [pointer] + details
        if isLeaving { for index in message.answers.indices { message.answers[index].seconds = 0 } }
        return message
    }

    /// Nil when it is not asked for anything of ours, or knows it already (RFC 6762 §7.1).
    package func answer(to query: DNSMessage) -> DNSMessage? {
        guard !query.isResponse else { return nil }
        var (answers, additional): ([DNSMessage.Record], [DNSMessage.Record]) = ([], [])
        for question in query.questions.prefix(32) {
            let found = records(for: question).filter { record in
                !query.answers.contains {
                    $0.name == record.name && $0.content == record.content && $0.seconds >= record.seconds / 2
                }
            }
            for record in found where !answers.contains(record) { answers.append(record) }
        }
        guard !answers.isEmpty else { return nil }
        if answers.contains(pointer) { additional = details.filter { !answers.contains($0) } }
        var message = DNSMessage()
        message.isResponse = true
        message.answers = answers
        message.additional = additional
        return message
    }

    private func records(for question: DNSMessage.Question) -> [DNSMessage.Record] {
        let all = [pointer, catalogue] + details
        return all.filter {
            $0.name == question.name && (question.type == DNSType.any || question.type == $0.type)
        }
    }

    private var pointer: DNSMessage.Record { .init(service, .pointer(instance), seconds: Self.otherSeconds) }

    /// For those who ask which kinds of services there are (RFC 6763 §9).
    private var catalogue: DNSMessage.Record {
        .init(Self.kinds, .pointer(service), seconds: Self.otherSeconds)
    }

    private var details: [DNSMessage.Record] {
        let texts = [
            "cluster=\(announced.cluster)", "node=\(announced.node)", "version=\(announced.version)",
            "edge=\(announced.edgePort)",
        ]
        return [
            .init(
                instance, .service(port: announced.port, host: host), seconds: Self.hostSeconds, isWhole: true),
            .init(instance, .text(texts.map { Array($0.utf8) }), seconds: Self.otherSeconds, isWhole: true),
        ]
            + announced.addresses.map { .init(host, .address($0), seconds: Self.hostSeconds, isWhole: true) }
    }

    // Both are well formed: the words are here.
    private static let kinds = DNSName("_services._dns-sd._udp.local")!
}
