/// How hot the machine is, and whether it runs slower for that. Linux says so in files; elsewhere nothing is known.
package struct HeatProbe: Sendable {
    /// Files with thousandths of a degree.
    private let temperatures: [String]
    /// Of cooling devices that slow the processor: 0 while they do not.
    private let slowings: [String]
    /// Of each processor package: how often it was slowed.
    private let counters: [String]
    private var lastCount: Int64?

    /// Sensors of processors, by the names their drivers give.
    private static let sensors: Set<String> = [
        "coretemp", "k10temp", "zenpower", "cpu_thermal", "cpu-thermal", "x86_pkg_temp", "soc_thermal", "soc-thermal",
    ]

    /// - Parameter folder: where `/sys` is. What there is to read is found out once.
    package init(folder: String = "/sys") {
        func text(_ path: String) -> String {
            (Folders.readText(path) ?? "").filter { !$0.isWhitespace }
        }
        var temperatures: [String] = []
        var slowings: [String] = []
        let thermal = folder + "/class/thermal"
        for name in Folders.names(in: thermal).sorted() {
            let type = text("\(thermal)/\(name)/type")
            if name.hasPrefix("thermal_zone"), Self.sensors.contains(type) {
                temperatures.append("\(thermal)/\(name)/temp")
            } else if name.hasPrefix("cooling_device"), type == "Processor" {
                slowings.append("\(thermal)/\(name)/cur_state")
            }
        }
        let monitors = folder + "/class/hwmon"
        for name in Folders.names(in: monitors).sorted() where Self.sensors.contains(text("\(monitors)/\(name)/name")) {
            let files = Folders.names(in: "\(monitors)/\(name)").filter {
                $0.hasPrefix("temp") && $0.hasSuffix("_input")
            }
            temperatures += files.sorted().prefix(16).map { "\(monitors)/\(name)/\($0)" }
        }
        self.temperatures = Array(temperatures.prefix(32))
        self.slowings = Array(slowings.prefix(256))
        let processors = folder + "/devices/system/cpu"
        counters = Folders.names(in: processors).filter { $0 == "cpu0" }
            .map { "\(processors)/\($0)/thermal_throttle/package_throttle_count" }
    }

    /// The hottest sensor, 0 when there is none; and whether the processor is slowed, or was since the last look.
    package mutating func read() -> (celsius: Double, isThrottled: Bool) {
        let hottest = temperatures.compactMap { Self.number($0) }.max() ?? 0
        let count = counters.compactMap { Self.number($0) }.max()
        let isMore = if let count, let lastCount { count > lastCount } else { false }
        lastCount = count ?? lastCount
        return (Double(hottest) / 1_000, isMore || slowings.contains { Self.number($0) ?? 0 > 0 })
    }

    private static func number(_ path: String) -> Int64? {
        Folders.readText(path).flatMap { Int64($0.filter { !$0.isWhitespace }) }
    }
}
