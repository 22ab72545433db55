#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What the system said, for people.
package func systemErrorText(_ code: Int32) -> String {
    String(cString: strerror(code)).lowercased()
}
