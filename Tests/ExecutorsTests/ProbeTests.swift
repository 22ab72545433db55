import Executors
import GridModel
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ProbeTests {
    @Test func `GPUs are read from what nvidia-smi prints`() {
        let text = """
            0, NVIDIA GeForce RTX 3090, 24576, GPU-5f1a, 535.129.03
            1, Weird, Name, 1, x, y
            2, NVIDIA A100, [N/A], [N/A], 535.129.03

            """

        #expect(
            NvidiaSMI.inventory(text) == [
                GPU(
                    index: 0, model: "NVIDIA GeForce RTX 3090", memoryBytes: 24_576 << 20, uuid: "GPU-5f1a",
                    driver: "535.129.03"),
                GPU(index: 2, model: "NVIDIA A100", memoryBytes: 0, uuid: "", driver: "535.129.03"),
            ])
        #expect(
            NvidiaSMI.Query().samples("0, 97, 1024, 71\n1, [N/A], [N/A], [N/A]\n") == [
                GPUSample(index: 0, utilizationPercent: 97, memoryUsedBytes: 1 << 30, temperatureCelsius: 71),
                GPUSample(index: 1),
            ])
    }

    /// What versions of the tool print of what can be asked, shortened.
    private static let help = [
        "535":
            "\"clocks_throttle_reasons.active\"\nBitmask\n\"ecc.errors.uncorrected.volatile.total\"\n\"pci.bus_id\" or \"gpu_bus_id\"",
        "550":
            "\"clocks_event_reasons.active\" or \"clocks_throttle_reasons.active\"\n\"ecc.errors.uncorrected.volatile.total\"\n\"pci.bus_id\"",
    ]

    @Test(arguments: [
        ("535", "clocks_throttle_reasons.active,ecc.errors.uncorrected.volatile.total,pci.bus_id"),
        ("550", "clocks_event_reasons.active,ecc.errors.uncorrected.volatile.total,pci.bus_id"), ("340", ""),
    ]) func `only what the driver's tool knows is asked`(version: String, fields: String) {
        let query = NvidiaSMI.Query(help: Self.help[version] ?? "")

        let all = "index,utilization.gpu,memory.used,temperature.gpu" + (fields.isEmpty ? "" : ",") + fields
        #expect(query.arguments.first == "--query-gpu=" + all)
    }

    @Test(
        arguments: [
            // A datacenter card that is hot, a desktop card without ECC, one at its power cap, one that is idle.
            ("0, 99, 40000, 88, 0x0000000000000040, 3, 00000000:01:00.0", true, 3),
            ("0, 12, 900, 45, 0x0000000000000001, [N/A], 00000000:01:00.0", false, nil),
            ("0, 99, 900, 70, 0x0000000000000004, [Not Supported], 00000000:01:00.0", false, nil),
            ("0, [N/A], [N/A], [N/A], [N/A], [N/A], [N/A]", false, nil),
            ("0, 50, 1, 60, Active, -4, x", false, 0),
        ] as [(String, Bool, Int64?)]) func `throttling and errors are read`(line: String, isSlow: Bool, errors: Int64?)
    {
        let samples = NvidiaSMI.Query(help: Self.help["550"] ?? "").samples(line)

        #expect(samples.count == 1)
        #expect(samples.first?.isThrottled == isSlow)
        #expect(samples.first?.errorCount == errors)
    }

    @Test func `Xid events of the kernel's log are counted for their card, and those of programs are not`() throws {
        let node = TestNode()
        let path = node.folder + "/kmsg"
        let lines = [
            "6,1,10,-;NVRM: Xid (PCI:0000:01:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.",
            "6,2,20,-;NVRM: Xid (PCI:0000:01:00): 31, pid=44, name=python3, Ch 00000008, MMU Fault",
            "6,3,30,-;NVRM: Xid (PCI:0000:C1:00): 48, pid=44, Double bit ECC error", "6,4,40,-;usb 1-1: new device",
            "6,5,50,-;NVRM: Xid (PCI:", "6,6,60,-;NVRM: Xid (PCI:0000:02:00): x",
        ]
        #expect(Folders.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: path))
        let log = try #require(XidLog(path: path))

        let counts = log.read()

        #expect(counts == ["0000:01:00": 1, "0000:c1:00": 1])
        #expect(log.read() == counts, "nothing is counted twice")
        let query = NvidiaSMI.Query(help: Self.help["550"] ?? "")
        let sample = query.samples("1, 0, 0, 40, 0x0, [N/A], 00000000:C1:00.0", xids: counts).first
        #expect(sample?.errorCount == 1)
        #expect(XidLog(path: node.folder + "/none") == nil)
    }

    @Test func `programs that hold a GPU's memory are told apart from tasks`() async throws {
        let text = """
            GPU-1, 4412, C:\\Tools\\python.exe, 18432
            GPU-1, 12, /opt/a, b/run, 512
            GPU-2, 13, [Insufficient Permissions], [N/A]
            GPU-2, x, y, 1
            No running processes found
            """
        #expect(
            NvidiaSMI.holders(text) == [
                "GPU-1": [
                    GPUHolder(pid: 4412, program: "python.exe", memoryBytes: 18_432 << 20),
                    GPUHolder(pid: 12, program: "run", memoryBytes: 512 << 20),
                ], "GPU-2": [GPUHolder(pid: 13, program: "[Insufficient Permissions]", memoryBytes: 0)],
            ])

        let node = TestNode()
        let folder = node.folder + "/bin"
        Folders.make(folder)
        try stand(
            in: folder, for: "nvidia-smi",
            """
            case "$1" in
            --help-query-gpu) echo '"gpu_uuid" or "uuid"' ;;
            *compute-apps*) echo "GPU-7, $STRANGER, /usr/bin/python3, 1024" ;;
            *uuid*) echo '0, 50, 4096, 60, GPU-7' ;;
            *) exit 2 ;;
            esac
            """)
        let environment = BaseEnvironment(variables: ["PATH": folder + ":/usr/bin:/bin", "STRANGER": "1"])
        var probe = try #require(GPUProbe(environment: environment, patience: .seconds(60)))

        let samples = await probe.read()
        let sample = try #require(samples.first)

        #expect(sample.holders == [GPUHolder(pid: 1, program: "python3", memoryBytes: 1_024 << 20)])
    }

    @Test func `heat is read where Linux says it`() {
        let node = TestNode()
        let root = node.folder + "/sys"
        func file(_ path: String, _ text: String) {
            Folders.make(root + "/" + path.split(separator: "/").dropLast().joined(separator: "/"))
            #expect(Folders.write(Array((text + "\n").utf8), to: root + "/" + path))
        }
        file("class/thermal/thermal_zone0/type", "acpitz")
        file("class/thermal/thermal_zone0/temp", "99000")
        file("class/thermal/thermal_zone1/type", "x86_pkg_temp")
        file("class/thermal/thermal_zone1/temp", "61000")
        file("class/thermal/cooling_device0/type", "Processor")
        file("class/thermal/cooling_device0/cur_state", "0")
        file("class/hwmon/hwmon0/name", "k10temp")
        file("class/hwmon/hwmon0/temp1_input", "72500")
        file("class/hwmon/hwmon1/name", "nvme")
        file("class/hwmon/hwmon1/temp1_input", "95000")
        file("devices/system/cpu/cpu0/thermal_throttle/package_throttle_count", "7")
        func expect(_ heat: (celsius: Double, isThrottled: Bool), _ celsius: Double, _ isThrottled: Bool) {
            #expect(heat.celsius == celsius && heat.isThrottled == isThrottled, "\(heat)")
        }
        var probe = HeatProbe(folder: root)

        expect(probe.read(), 72.5, false)
        file("devices/system/cpu/cpu0/thermal_throttle/package_throttle_count", "8")
        expect(probe.read(), 72.5, true)
        expect(probe.read(), 72.5, false)
        file("class/thermal/cooling_device0/cur_state", "2")
        expect(probe.read(), 72.5, true)
        var unknown = HeatProbe(folder: root + "/none")
        expect(unknown.read(), 0, false)
    }

    @Test func `a tool that knows more is asked for more`() async throws {
        let node = TestNode()
        let folder = node.folder + "/bin"
        Folders.make(folder)
        try stand(
            in: folder, for: "nvidia-smi",
            """
            case "$1" in
            --help-query-gpu) echo '"clocks_event_reasons.active"'; echo '"ecc.errors.uncorrected.volatile.total"' ;;
            *event_reasons*) echo '0, 50, 4096, 91, 0x0000000000000020, 2' ;;
            *) exit 2 ;;
            esac
            """)
        let environment = BaseEnvironment(variables: ["PATH": folder + ":/usr/bin:/bin"])
        var probe = try #require(GPUProbe(environment: environment, patience: .seconds(60)))

        let samples = await probe.read()
        let sample = try #require(samples.first)

        #expect(sample.isThrottled && sample.temperatureCelsius == 91)
        #expect((sample.errorCount ?? 0) >= 2, "and Xid events, where the log can be read")
    }

    @Test func `a node with nvidia-smi in its PATH has GPUs`() async throws {
        let node = TestNode()
        let folder = node.folder + "/bin"
        Folders.make(folder)
        try stand(
            in: folder, for: "nvidia-smi",
            """
            case "$1" in
            *name*) echo '0, NVIDIA Test, 8192, GPU-1, 1.2' ;;
            *) echo '0, 50, 4096, 60' ;;
            esac
            """)
        let environment = BaseEnvironment(variables: ["PATH": folder + ":/usr/bin:/bin"])

        let inventory = await InventoryProbe(
            environment: environment, folder: "/", agentVersion: "1.2.3", patience: .seconds(60)
        ).read()
        var probe = try #require(GPUProbe(environment: environment, patience: .seconds(60)))
        let samples = await probe.read().map { sample in
            var sample = sample
            // Of this machine's kernel, where its log can be read.
            sample.errorCount = nil
            return sample
        }

        #expect(
            inventory.gpus == [
                GPU(index: 0, model: "NVIDIA Test", memoryBytes: 8_192 << 20, uuid: "GPU-1", driver: "1.2")
            ])
        #expect(
            samples == [
                GPUSample(index: 0, utilizationPercent: 50, memoryUsedBytes: 4_096 << 20, temperatureCelsius: 60)
            ])
    }

    @Test func `the inventory tells what this machine is`() async {
        let inventory = await InventoryProbe(
            environment: .ofThisProcess(), folder: "/", agentVersion: "1.2.3", patience: .seconds(30)
        ).read()

        #expect(["linux", "macos"].contains(inventory.os))
        #expect(!inventory.arch.isEmpty && !inventory.hostname.isEmpty && !inventory.osVersion.isEmpty)
        #expect(inventory.cores > 0)
        #expect(inventory.memoryBytes > 1 << 26)
        #expect(inventory.diskBytes > 1 << 26)
        #expect(inventory.capabilities["bash"]?.contains(".") == true)
    }

    @Test func `a sample is plausible`() {
        var probe = SampleProbe(folder: "/")
        let sample = probe.read()

        #expect((0...100).contains(sample.cpuPercent))
        #expect(sample.memoryPercent > 0 && sample.memoryPercent < 100)
        #expect(sample.memoryAvailableBytes > 0)
        #expect(sample.diskFreeBytes > 0)
        #expect(sample.load1 >= 0)
    }

    @Test func `a machine without nvidia-smi has no GPU probe`() {
        #expect(GPUProbe(environment: BaseEnvironment(variables: ["PATH": "/nonexistent"])) == nil)
    }
}
