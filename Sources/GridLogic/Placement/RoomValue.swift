/// How much of a room would stay unused, in GPUs, if the imagined futures came to it one task after the other and each
/// took what fits: the mean over the futures. What a placement strands is how much this grows by it, on top of nothing
/// for a task that just takes its part.
///
/// FGD (Weng et al., ATC 2023) asks of each task type whether it could use what is free; this asks what is left when
/// they have all had their turn, and so sees processors and memory run out before the GPUs do, and remainders that fit
/// two tasks and no third.
struct RoomValue: Sendable {
    /// Remembered results, by fingerprint; the newer of two that collide stays.
    private static let slots = 1 << 14
    private var keys = [UInt64](repeating: 0, count: Self.slots)
    private var values = [Float](repeating: 0, count: Self.slots)
    /// Filled rooms so far, for whoever limits how many there may be.
    private(set) var fillings = 0

    mutating func forget() {
        for index in keys.indices { keys[index] = 0 }
    }

    mutating func leftover(_ room: Room, _ mix: TaskMix) -> Float {
        guard room.count > 0, !mix.imagined.isEmpty else { return 0 }
        let key = room.fingerprint
        let slot = Int(truncatingIfNeeded: key >> 7) & (Self.slots - 1)
        if keys[slot] == key { return values[slot] }
        fillings += 1
        let value = Self.fill(room, mix)
        keys[slot] = key
        values[slot] = value
        return value
    }

    private static func fill(_ room: Room, _ mix: TaskMix) -> Float {
        mix.imagined.withUnsafeBufferPointer { tasks in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: Room.gpuLimit) { free in
                var total: Float = 0
                var least = mix.leastShareUnits
                for index in 0..<room.count { least = min(least, room.units[index]) }
                for future in 0..<TaskMix.futures {
                    for index in 0..<room.count { free.initializeElement(at: index, to: room.free[index]) }
                    let row = UnsafeBufferPointer(
                        rebasing: tasks[future * TaskMix.depth..<(future + 1) * TaskMix.depth])
                    run(row, room, free, leastCPU: mix.leastCPUMillis, least: least)
                    for index in 0..<room.count { total += free[index] / room.units[index] }
                }
                return total / Float(TaskMix.futures)
            }
        }
    }

    /// One future: each task that fits takes its part of `free`, a share from the fullest GPU that has it. No task has
    /// use for less than `leastCPU` or, of one GPU, `least`.
    @inline(__always)
    private static func run(
        _ tasks: UnsafeBufferPointer<TaskMix.ImaginedTask>, _ room: Room, _ free: UnsafeMutableBufferPointer<Float>,
        leastCPU: Float, least: Float
    ) {
        var (cpu, memory) = (room.cpuMillis, room.memoryBytes)
        var largest = room.free[room.count - 1]
        for task in tasks {
            if task.cpuMillis > cpu || task.memoryBytes > memory || task.shareUnits > largest
                || task.constraintBit & room.eligibility == 0
            {
                continue
            }
            if task.wholeGPUs > 0 {
                guard takeWhole(Int(task.wholeGPUs), room, free) else { continue }
            } else {
                if room.isUnified {
                    guard task.memoryBytes + task.shareUnits <= memory else { continue }
                    memory -= task.shareUnits
                }
                takeShare(task.shareUnits, room.count, free)
            }
            cpu -= task.cpuMillis
            memory -= task.memoryBytes
            largest = 0
            for index in 0..<room.count where free[index] > largest { largest = free[index] }
            if cpu < leastCPU || largest < least { return }
        }
    }

    @inline(__always)
    private static func takeWhole(_ wanted: Int, _ room: Room, _ free: UnsafeMutableBufferPointer<Float>) -> Bool {
        var found = 0
        for index in 0..<room.count where free[index] >= room.units[index] { found += 1 }
        guard found >= wanted else { return false }
        var left = wanted
        for index in 0..<room.count where left > 0 && free[index] >= room.units[index] {
            free[index] = 0
            left -= 1
        }
        return true
    }

    @inline(__always)
    private static func takeShare(_ share: Float, _ count: Int, _ free: UnsafeMutableBufferPointer<Float>) {
        var best = -1
        for index in 0..<count where free[index] >= share {
            if best < 0 || free[index] < free[best] { best = index }
        }
        if best >= 0 { free[best] -= share }
    }
}
