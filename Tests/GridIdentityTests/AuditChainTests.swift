import GridIdentity
import GridModel
import Testing

struct AuditChainTests {
    private static func chain(_ count: Int) -> [AuditRecord] {
        var head = AuditHead.beginning
        return (0..<count).map { index in
            let entry = AuditEntry(
                who: "spiffe://G/operator/ann", from: "10.0.0.1", what: "Admin/CreateToken", subject: "node=\(index)",
                outcome: "OK", trace: "", at: Timestamp(microseconds: Int64(index)))
            let record = AuditChain.seal(entry, after: head)
            head = AuditHead(number: record.number, hash: record.hash)
            return record
        }
    }

    private static func verify(
        _ records: [AuditRecord], start: AuditHead = .beginning, noted: AuditHead? = nil
    ) -> AuditVerifier.Fault? {
        var verifier = AuditVerifier(start: start, noted: noted)
        for record in records { verifier.take(record) }
        return verifier.finish()
    }

    private static func head(_ record: AuditRecord) -> AuditHead { AuditHead(number: record.number, hash: record.hash) }

    @Test func `a chain as it was sealed is whole, from anywhere in it`() {
        let chain = Self.chain(20)

        #expect(Self.verify(chain, noted: Self.head(chain[19])) == nil)
        #expect(Self.verify(Array(chain[10...]), start: Self.head(chain[9]), noted: Self.head(chain[19])) == nil)
        #expect(Self.verify([], noted: .beginning) == nil)
        // The note is written behind the records: it may be older, never newer.
        #expect(Self.verify(chain, noted: Self.head(chain[12])) == nil)
    }

    @Test func `a changed record breaks the chain where it stands, whatever was changed`() {
        let chain = Self.chain(20)
        for change in 0..<5 {
            var entry = chain[7].entry
            switch change {
            case 0: entry.who = "spiffe://G/operator/eve"
            case 1: entry.count = 2
            case 2: entry.firstAt.microseconds += 1
            case 3: entry.subject = ""
            default: entry.outcome = "PERMISSION_DENIED"
            }
            var forged = chain
            forged[7] = AuditRecord(number: 8, entry: entry, hash: chain[7].hash)
            #expect(Self.verify(forged) == .altered(8))
            // Sealed anew, it is the next one that no longer fits.
            forged[7] = AuditChain.seal(entry, after: Self.head(chain[6]))
            #expect(Self.verify(forged) == .altered(9))
        }
    }

    @Test func `what was taken out, put in another order or cut off is missed`() {
        let chain = Self.chain(20)
        var without = chain
        without.remove(at: 7)
        #expect(Self.verify(without) == .gap(after: 7, next: 9))
        var swapped = chain
        swapped.swapAt(3, 4)
        #expect(Self.verify(swapped) == .gap(after: 3, next: 5))
        #expect(Self.verify(Array(chain.dropLast(5)), noted: Self.head(chain[19])) == .cutOff(at: 15, noted: 20))
        #expect(Self.verify(Array(chain.dropFirst())) == .gap(after: 0, next: 2))
    }

    @Test func `a whole chain that was made anew is not the one that was noted`() {
        let chain = Self.chain(20)
        var head = AuditHead.beginning
        let forged = chain.map { record in
            var entry = record.entry
            entry.who = "spiffe://G/operator/nobody"
            let record = AuditChain.seal(entry, after: head)
            head = Self.head(record)
            return record
        }

        #expect(Self.verify(forged) == nil)
        #expect(Self.verify(forged, noted: Self.head(chain[19])) == .otherHead(20))
        #expect(Self.verify(forged, noted: Self.head(chain[4])) == .otherHead(5))
    }

    @Test func `a chain that begins behind the noted head is no proof of it`() {
        let chain = Self.chain(20)
        var head = AuditHead(number: 10, hash: [UInt8](repeating: 7, count: 32))
        let forged = chain[10...].map { record in
            let record = AuditChain.seal(record.entry, after: head)
            head = Self.head(record)
            return record
        }
        let start = AuditHead(number: 10, hash: [UInt8](repeating: 7, count: 32))

        #expect(Self.verify(forged, start: start, noted: Self.head(chain[4])) == .headNotKept(5, start: 10))
        #expect(Self.verify([], start: start, noted: Self.head(chain[4])) == .headNotKept(5, start: 10))
        #expect(Self.verify(forged, start: start, noted: Self.head(chain[9])) == .otherHead(10))
    }

    @Test func `no number that is sent makes the check stumble`() {
        let record = Self.chain(1)[0]
        let last = AuditHead(number: .max, hash: record.hash)

        #expect(Self.verify([record], start: last) == .gap(after: .max, next: 1))
        #expect(AuditVerifier.Fault.gap(after: .max, next: 1).description.contains("behind"))
        let far = AuditRecord(number: .max, entry: record.entry, hash: record.hash)
        #expect(Self.verify([far]) == .gap(after: 0, next: .max))
        #expect(Self.verify([far], start: last) == .gap(after: .max, next: .max))
    }
}
