package import GridModel

/// What `nvidia-smi` says of the GPUs, asked for as CSV without units. A field it does not know is `[N/A]`, or
/// `[Not Supported]`; one that it has never heard of makes it say nothing at all, so what it knows is asked first.
package enum NvidiaSMI {
    package static let inventoryArguments = [
        "--query-gpu=index,name,memory.total,uuid,driver_version", "--format=csv,noheader,nounits",
    ]
    /// Programs that hold memory of a GPU: one line for each and each GPU.
    package static let holderArguments = [
        "--query-compute-apps=gpu_uuid,pid,process_name,used_gpu_memory", "--format=csv,noheader,nounits",
    ]
    /// Prints what can be asked.
    package static let helpArguments = ["--help-query-gpu"]

    /// Lines that make no sense are left out.
    package static func inventory(_ text: String) -> [GPU] {
        rows(text, columns: 5).compactMap { row in
            guard let index = Int(row[0]) else { return nil }
            return GPU(
                index: index, model: row[1], memoryBytes: mebibytes(row[2]), uuid: known(row[3]), driver: known(row[4]))
        }
    }

    /// What is printed where only that was asked for which every version knows.
    package static func samples(_ text: String) -> [GPUSample] { Query().samples(text) }

    /// By the GPU's uuid. A program's name may have commas in it; a driver that does not tell its memory tells nothing.
    package static func holders(_ text: String) -> [String: [GPUHolder]] {
        var found: [String: [GPUHolder]] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let row = line.split(separator: ",", omittingEmptySubsequences: false).map { trim($0) }
            guard row.count >= 4, let pid = Int32(row[1]), let last = row.last else { continue }
            let path = row[2..<(row.count - 1)].joined(separator: ",")
            let name = path.split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? path
            found[row[0], default: []].append(GPUHolder(pid: pid, program: name, memoryBytes: mebibytes(last)))
        }
        return found
    }

    /// What is asked of a GPU at every look.
    package struct Query: Sendable, Hashable {
        enum Field: String, Sendable, CaseIterable {
            case index
            case utilization = "utilization.gpu"
            case memoryUsed = "memory.used"
            case temperature = "temperature.gpu"
            /// Since driver 535 or so; before, the same by the other name.
            case eventReasons = "clocks_event_reasons.active"
            case throttleReasons = "clocks_throttle_reasons.active"
            case errors = "ecc.errors.uncorrected.volatile.total"
            case bus = "pci.bus_id"
            case uuid
        }

        let fields: [Field]

        /// - Parameter help: what `helpArguments` printed; without it only that is asked which every version knows.
        package init(help: String = "") {
            var fields: [Field] = [.index, .utilization, .memoryUsed, .temperature]
            if help.contains("\"\(Field.eventReasons.rawValue)\"") {
                fields.append(.eventReasons)
            } else if help.contains("\"\(Field.throttleReasons.rawValue)\"") {
                fields.append(.throttleReasons)
            }
            for field in [Field.errors, .bus, .uuid] where help.contains("\"\(field.rawValue)\"") {
                fields.append(field)
            }
            self.fields = fields
        }

        package var arguments: [String] {
            [
                "--query-gpu=" + fields.map(\.rawValue).joined(separator: ","), "--format=csv,noheader,nounits",
            ]
        }

        /// Whether a GPU can be told by its uuid, as those are told that hold its memory.
        var namesGPUs: Bool { fields.contains(.uuid) }

        /// - Parameter xids: events of each bus address as the kernel logged them; nil where its log cannot be read.
        package func samples(
            _ text: String, xids: [String: Int64]? = nil, holders: [String: [GPUHolder]] = [:]
        ) -> [GPUSample] {
            NvidiaSMI.rows(text, columns: fields.count).compactMap { row in
                func value(_ field: Field) -> String { fields.firstIndex(of: field).map { row[$0] } ?? "" }
                guard let index = Int(value(.index)) else { return nil }
                var sample = GPUSample(
                    index: index, utilizationPercent: Double(value(.utilization)) ?? 0,
                    memoryUsedBytes: NvidiaSMI.mebibytes(value(.memoryUsed)),
                    temperatureCelsius: Double(value(.temperature)) ?? 0,
                    holders: holders[value(.uuid)] ?? [])
                sample.isThrottled = NvidiaSMI.isSlowed(value(.eventReasons) + value(.throttleReasons))
                let corrupted = Int64(value(.errors)).map { min(max(0, $0), 1 << 40) }
                let events = xids.map { $0[XidLog.address(value(.bus))] ?? 0 }
                if corrupted != nil || events != nil {
                    sample.errorCount = (corrupted ?? 0) + (events ?? 0)
                }
                return sample
            }
        }
    }

    /// Bits of the reasons for a lower clock that stand for trouble: hardware slowdown, thermal slowdown by software and
    /// by hardware, power brake. Being idle, a chosen clock and the ordinary power cap are none.
    private static let troubles: UInt64 = 0x8 | 0x20 | 0x40 | 0x80

    private static func isSlowed(_ reasons: String) -> Bool {
        guard reasons.hasPrefix("0x"), let bits = UInt64(reasons.dropFirst(2), radix: 16) else { return false }
        return bits & troubles != 0
    }

    private static func rows(_ text: String, columns: Int) -> [[String]] {
        text.split(whereSeparator: \.isNewline)
            .map { line in
                line.split(separator: ",", omittingEmptySubsequences: false).map { trim($0) }
            }
            .filter { $0.count == columns }
    }

    private static func trim(_ text: Substring) -> String {
        var text = text.drop { $0.isWhitespace }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    private static func mebibytes(_ text: String) -> Int64 {
        guard let count = Double(text), count.isFinite, count >= 0, count < 1e9 else { return 0 }
        return Int64(count * 1_048_576)
    }

    private static func known(_ text: String) -> String { text.hasPrefix("[") ? "" : text }
}
