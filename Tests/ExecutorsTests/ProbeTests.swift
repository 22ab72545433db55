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
            NvidiaSMI.samples("0, 97, 1024, 71\n1, [N/A], [N/A], [N/A]\n") == [
                GPUSample(index: 0, utilizationPercent: 97, memoryUsedBytes: 1 << 30, temperatureCelsius: 71),
                GPUSample(index: 1),
            ])
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
        let samples = await GPUProbe(environment: environment, patience: .seconds(60))?.read()

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
