/// What the fields of a request are called on the command line.
enum FieldNames {
    private static let options = [
        "key": "--key", "spec.priority": "--priority", "spec.retries": "--retries", "spec.timeout_ms": "--timeout",
        "spec.queue_timeout_ms": "--queue-timeout", "spec.lost_after_ms": "--lost-after", "spec.where": "--where",
        "spec.resources.cpu_millis": "--cpu (in thousandths)", "spec.resources.memory_bytes": "--memory (in bytes)",
        "spec.resources.gpus": "--gpu", "spec.resources.gpu_memory_bytes": "--gpu-memory (in bytes)",
        "spec.resources.disk_bytes": "--disk (in bytes)", "spec.resources.custom": "--resource",
        "spec.command.environment": "--env", "spec.command.secrets": "--secret-env or --secret-file",
        "spec.command.working_directory": "--cwd", "spec.command.standard_input": "the standard input",
        "spec.command.arguments": "the command", "spec.command.script": "the script", "spec.echo.text": "the text",
        "spec.network.host": "the host", "spec.network.port": "the port", "spec.envelope": "the signature",
        "spec.node": "--on",
    ]
    /// Of those that are given in milliseconds on the wire, and as spans of time here.
    private static let spans: Set = ["--timeout", "--queue-timeout", "--lost-after"]

    /// `spec.command.arguments[2]` → `word 3 of the command`; a field that has no name here keeps its own.
    static func option(_ field: String) -> String {
        if let name = options[field] { return spans.contains(name) ? "\(name) (in milliseconds)" : name }
        guard let open = field.lastIndex(of: "["), field.hasSuffix("]"),
            let index = Int(field[field.index(after: open)...].dropLast()), let name = options[String(field[..<open])]
        else { return field }
        return "word \(index + 1) of \(name)"
    }
}
