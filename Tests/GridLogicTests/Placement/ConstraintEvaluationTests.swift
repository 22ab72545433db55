import GridLogic
import GridModel
import Testing

@Suite struct ConstraintEvaluationTests {
    static let node = Node(
        name: NodeName(checked: "n1"), role: .secondary,
        inventory: NodeInventory(
            os: "linux", osVersion: "22.04", arch: "x86_64", cores: 16, memoryBytes: 64 << 30, diskBytes: 1 << 40,
            gpus: [
                GPU(index: 0, model: "T4", memoryBytes: 16 << 30), GPU(index: 1, model: "A10", memoryBytes: 24 << 30),
            ], capabilities: ["python3": "3.11.2"], custom: ["licence": 2]),
        labels: ["zone": "lab", "shared": "false"])

    @Test(arguments: [
        ("os == linux", true), ("os != linux", false), ("os in [darwin, linux]", true), ("!(os == linux)", false),
        ("name == n1 && role == secondary", true), ("cores >= 16", true), ("cores > 16", false),
        ("memory >= 64GiB", true), ("memory >= 65GiB", false), ("disk < 2TiB", true),
        // One GPU is enough, and none may be.
        ("gpu.model == A10", true), ("gpu.model != A10", false), ("gpu.model == V100", false),
        ("gpu.model != V100", true), ("gpu.memory >= 24GiB", true), ("gpu.memory > 24GiB", false), ("gpu", true),
        ("gpu.count == 2", true),
        ("label.zone == lab", true), ("label.zone != attic", true), ("label.rack != attic", true),
        ("label.rack == attic", false), ("label.rack", false), ("label.zone", true), ("label.shared", false),
        // Versions by their numbers.
        ("runtime.python3 >= 3.9", true), ("runtime.python3 >= '3.11.10'", false), ("runtime.python3 < 3.12", true),
        ("runtime.docker", false), ("!runtime.docker", true), ("os.version >= 20.04", true),
        ("resource.licence >= 2", true), ("resource.licence > 2", false), ("resource.dongle", false),
        ("os == darwin || gpu.memory >= 8GiB && label.zone != attic", true),
        ("(os == darwin || gpu.memory >= 8GiB) && label.zone == attic", false),
    ]) func `a node satisfies what is true of it`(text: String, isTrue: Bool) throws {
        #expect(try Constraint(text).isSatisfied(by: Self.node) == isTrue)
    }
}
