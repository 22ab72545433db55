package import GridModel

/// What `nvidia-smi` says of the GPUs, asked for as CSV without units. A field it does not know is `[N/A]`.
package enum NvidiaSMI {
    package static let inventoryArguments = [
        "--query-gpu=index,name,memory.total,uuid,driver_version", "--format=csv,noheader,nounits",
    ]
    package static let sampleArguments = [
        "--query-gpu=index,utilization.gpu,memory.used,temperature.gpu", "--format=csv,noheader,nounits",
    ]

    /// Lines that make no sense are left out.
    package static func inventory(_ text: String) -> [GPU] {
        rows(text, columns: 5).compactMap { row in
            guard let index = Int(row[0]) else { return nil }
            return GPU(
                index: index, model: row[1], memoryBytes: mebibytes(row[2]), uuid: known(row[3]), driver: known(row[4]))
        }
    }

    package static func samples(_ text: String) -> [GPUSample] {
        rows(text, columns: 4).compactMap { row in
            guard let index = Int(row[0]) else { return nil }
            return GPUSample(
                index: index, utilizationPercent: Double(row[1]) ?? 0, memoryUsedBytes: mebibytes(row[2]),
                temperatureCelsius: Double(row[3]) ?? 0)
        }
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
