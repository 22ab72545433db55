import Executors
import GridModel

/// A reason why an attempt must not be run on a machine without an agent, as text.
struct AttemptRefusal: Error { let text: String }

extension AttemptStart {
    /// The command's environment with its secrets open, and what every attempt is told of itself.
    ///
    /// - Parameter unfit: why a name and value of the command's cannot be set there; nil when they can.
    func variables(
        of command: Command, on node: NodeName, unfit: (String, String) -> String?
    ) throws(AttemptRefusal) -> [String: String] {
        var variables = command.environment
        for (name, secret) in command.secrets {
            guard secret.form == .open, !secret.bytes.contains(0) else {
                throw AttemptRefusal(
                    text: "the coordinator could not open the secret '\(name)': run the task again with it")
            }
            variables[name] = String(decoding: secret.bytes, as: UTF8.self)
        }
        for (name, value) in variables {
            if let reason = unfit(name, value) {
                throw AttemptRefusal(text: "the environment variable '\(name)' cannot be set \(reason)")
            }
        }
        if !gpuIndices.isEmpty {
            let indices = gpuIndices.map(String.init).joined(separator: ",")
            variables["CUDA_VISIBLE_DEVICES"] = variables["CUDA_VISIBLE_DEVICES"] ?? indices
        }
        variables["NOIZYLAB_TASK"] = ref.task.description
        variables["NOIZYLAB_ATTEMPT"] = ref.description
        variables["NOIZYLAB_NODE"] = node.text
        return variables
    }
}
