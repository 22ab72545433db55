import ProcessShims

/// Lets the threads that say "I live" go before the work of the machine, as far as the system allows it.
package enum SystemPriority {
    /// Raises the calling thread. Without the right to do so everything stays as it was.
    package static func raise() { noizylab_raise_thread() }
}
