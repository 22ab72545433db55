import GridLogic
import GridModel

/// What one batch has to say, gathered per receiver, so that each is woken once.
struct Delivery: Sendable {
    private struct Parcel {
        let sink: any SubmissionSink
        var news: [SubmissionNews]
    }

    private var parcels: [ObjectIdentifier: Parcel] = [:]
    private var orders: [SessionID: [LinkItem]] = [:]

    mutating func add(_ news: SubmissionNews, to sink: any SubmissionSink) {
        parcels[ObjectIdentifier(sink), default: Parcel(sink: sink, news: [])].news.append(news)
    }

    mutating func add(_ order: Order, to session: SessionID) {
        orders[session, default: []].append(.order(order))
    }

    mutating func add(_ item: LinkItem, to session: SessionID) { orders[session, default: []].append(item) }

    /// Callers first: they wait, while a node has other things to do.
    mutating func send(links: LinkTable) {
        if !parcels.isEmpty {
            for parcel in parcels.values { parcel.sink.deliver(parcel.news) }
            parcels.removeAll(keepingCapacity: true)
        }
        if !orders.isEmpty {
            for (id, items) in orders {
                guard let session = links.session(id) else { continue }
                session.noteLimits(in: items)
                let isUrgent = items.contains { if case .order(.forget) = $0 { false } else { true } }
                if !session.outbox.push(contentsOf: items, isUrgent: isUrgent) {
                    session.end("it takes orders too slowly")
                }
            }
            orders.removeAll(keepingCapacity: true)
        }
    }
}
