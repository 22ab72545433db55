import Foundation
import Synchronization

/// A TCP proxy between two parts of a grid that a test can cut and heal: `cut` closes every connection and refuses new
/// ones; `freeze` keeps them open and moves nothing, as a pulled cable does.
final class CuttableProxy: Sendable {
    enum Mode: Sendable { case passing, cut, frozen }

    private struct State {
        var mode = Mode.passing
        var open: Set<Int32> = []
        var isEnded = false
    }

    let port: Int
    private let target: Int
    private let listener: Int32
    private let state = Mutex(State())

    init(to target: Int) throws {
        self.target = target
        (listener, port) = try PlainSocket.listen()
        Thread.detachNewThread { [self] in acceptAll() }
    }

    func cut() { change(to: .cut) }
    func freeze() { change(to: .frozen) }
    func heal() { change(to: .passing) }
    var connectionCount: Int { state.withLock { $0.open.count / 2 } }

    func end() {
        state.withLock { state in
            state.isEnded = true
            state.mode = .cut
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func change(to mode: Mode) {
        state.withLock { state in
            state.mode = mode
            if mode == .cut { for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) } }
        }
    }

    private func acceptAll() {
        while true {
            let client = accept(listener, nil, nil)
            if state.withLock({ $0.isEnded }) || client < 0 { break }
            guard state.withLock({ $0.mode }) != .cut, let server = PlainSocket.connect(port: target) else {
                close(client)
                continue
            }
            // Closed when both directions have ended, by the second.
            let directions = Directions()
            state.withLock { state in
                state.open.insert(client)
                state.open.insert(server)
            }
            for (from, to) in [(client, server), (server, client)] {
                Thread.detachNewThread { [self] in
                    blockBrokenPipeSignal()
                    move(from: from, to: to)
                    shutdown(from, Int32(SHUT_RDWR))
                    shutdown(to, Int32(SHUT_RDWR))
                    if directions.endedIsLast() { closeBoth(client, server) }
                }
            }
        }
        close(listener)
    }

    private func closeBoth(_ client: Int32, _ server: Int32) {
        state.withLock { state in
            state.open.remove(client)
            state.open.remove(server)
            close(client)
            close(server)
        }
    }

    private func move(from: Int32, to: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(from, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            // A frozen cable delivers nothing until it heals.
            while state.withLock({ $0.mode == .frozen }) { usleep(5_000) }
            guard state.withLock({ $0.mode == .passing }) else { return }
            var sent = 0
            while sent < count {
                let written = buffer.withUnsafeBytes { send(to, $0.baseAddress?.advanced(by: sent), count - sent, 0) }
                guard written > 0 else { return }
                sent += written
            }
        }
    }

    private final class Directions: Sendable {
        private let ended = Mutex(0)
        func endedIsLast() -> Bool {
            ended.withLock { ended in
                ended += 1
                return ended == 2
            }
        }
    }
}
