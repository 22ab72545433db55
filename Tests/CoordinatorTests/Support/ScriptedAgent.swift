import Coordinator
import Foundation
import GRPCCore
import GridIdentity
import GridModel
import GridTransport
import GridWire
import Synchronization

/// An agent as the link's protocol wants it, whose executor is a script.
struct ScriptedAgent: Sendable {
    /// What it does with a start: reports at once, output before them, or nothing.
    struct Script: Sendable {
        var answer: @Sendable (Noizylab_Grid_AgentOrder) -> Noizylab_Grid_FromAgent

        /// Starts and ends at once; an echo's text is its output, a script's text decides: `fail`, `hang`, `stream`.
        static let echo = Script { order in
            var message = Noizylab_Grid_FromAgent()
            guard case .start(let start)? = order.order else {
                if case .cancel? = order.order { message.reports = [finished(order, .cancelled)] }
                return message
            }
            var begun = Noizylab_Grid_AttemptReport()
            begun.task = order.task
            begun.epoch = order.epoch
            begun.started = true
            message.reports = [begun]
            switch start.spec.payload {
            case .echo(let echo): message.reports.append(finished(order, .succeeded, stdout: echo.text))
            case .command(let command): run(command.script, order, &message)
            default: message.reports.append(finished(order, .succeeded, stdout: "{}"))
            }
            return message
        }

        private static func run(
            _ script: String, _ order: Noizylab_Grid_AgentOrder, _ message: inout Noizylab_Grid_FromAgent
        ) {
            switch script {
            case "hang": break
            case "fail": message.reports.append(finished(order, .failed, stdout: "before\n", code: 3))
            case "timeout": message.reports.append(finished(order, .timedOut))
            case "stream":
                var output = Noizylab_Grid_AttemptOutput()
                output.task = order.task
                output.epoch = order.epoch
                var offset: Int64 = 0
                for number in 1...1_000 {
                    let bytes = Data("line \(number)\n".utf8)
                    var chunk = Noizylab_Grid_OutputChunk()
                    chunk.offset = offset
                    chunk.stream = number % 10 == 0 ? 2 : 1
                    chunk.data = bytes
                    output.chunks.append(chunk)
                    offset += Int64(bytes.count)
                }
                message.output = [output]
                message.reports.append(finished(order, .succeeded, inline: false))
            default: message.reports.append(finished(order, .succeeded, stdout: script))
            }
        }

        static func finished(
            _ order: Noizylab_Grid_AgentOrder, _ end: AttemptOutcome.End, stdout: String = "", code: Int32? = nil,
            inline: Bool = true
        ) -> Noizylab_Grid_AttemptReport {
            var report = Noizylab_Grid_AttemptReport()
            report.task = order.task
            report.epoch = order.epoch
            report.finished.end = end.rawValue
            if let code { report.finished.exitCode = code } else if end == .succeeded { report.finished.exitCode = 0 }
            report.finished.runUs = 42
            if inline {
                report.finished.hasInlineOutput_p = true
                report.finished.stdout = Data(stdout.utf8)
            }
            return report
        }
    }

    let name: String
    let script: Script

    func run(in world: GridWorld) async throws {
        try await world.connected(as: .agent, name) { client in
            try await withTaskExecutorPreference(world.loops.executor(0)) {
                try await connect(Noizylab_Grid_AgentLink.Client(wrapping: client))
            }
        }
    }

    private func connect(_ link: some Noizylab_Grid_AgentLink.ClientProtocol) async throws {
        let outbox = Outbox<Noizylab_Grid_FromAgent>()
        var hello = Noizylab_Grid_FromAgent()
        hello.hello.inventory.cores = 8
        hello.hello.inventory.os = "linux"
        hello.hello.inventory.memoryBytes = 8 << 30
        hello.hello.inventory.custom = ["licence": 1]
        hello.hello.labels = ["zone": "attic"]
        hello.hello.role = "compute"
        hello.hello.link = "agent"
        hello.hello.instance = 1
        outbox.push(hello)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var number: UInt64 = 0
                while true {
                    number += 1
                    var beat = Noizylab_Grid_FromAgent()
                    beat.heartbeat.cpuPercent = 12
                    beat.heartbeat.memoryPercent = 34
                    beat.heartbeat.roundTripUs = 250
                    beat.heartbeat.sentAtUs = SystemClock.wall().microseconds
                    beat.heartbeatNumber = number
                    outbox.push(beat)
                    try await Task.sleep(for: .milliseconds(200))
                }
            }
            group.addTask {
                try await link.connect(
                    requestProducer: { writer in
                        while let messages = await outbox.take() { try await writer.write(Self.merged(messages)) }
                    },
                    onResponse: { response in
                        for try await message in response.messages {
                            var answers: [Noizylab_Grid_FromAgent] = []
                            for order in message.orders { answers.append(script.answer(order)) }
                            if !answers.isEmpty { outbox.push(contentsOf: answers) }
                        }
                    })
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Everything pending in one message, as real agents do.
    private static func merged(_ messages: [Noizylab_Grid_FromAgent]) -> Noizylab_Grid_FromAgent {
        var merged = messages[0]
        var output = merged.output
        var reports = merged.reports
        for message in messages.dropFirst() {
            if message.hasHeartbeat {
                merged.heartbeat = message.heartbeat
                merged.heartbeatNumber = message.heartbeatNumber
            }
            output += message.output
            reports += message.reports
        }
        merged.output = output
        merged.reports = reports
        return merged
    }
}
