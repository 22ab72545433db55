import ProcessShims

/// What this process holds of the machine's memory (docs/decisions/008-memory.md).
package enum ProcessMemory {
    /// Gives back the pages of code that were only needed to start. What is still needed comes back by itself, at some
    /// microseconds a page. Once, when a service has started.
    package static func releaseStartUpCode() { noizylab_release_code() }

    /// Keeps buffers of a message's size for the next message, instead of giving each back to the system, which clears
    /// every page before it hands it out again. At most 4 MiB beyond what is in use. First thing in a process.
    package static func keepFreedBuffers() { noizylab_keep_freed_memory(1 << 20, 4 << 20) }
}
