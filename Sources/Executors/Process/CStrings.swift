/// Lends the strings as a NULL-terminated array of C strings, laid out in one block.
package func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    let total = strings.reduce(0) { $0 + $1.utf8.count + 1 }
    let block = UnsafeMutablePointer<CChar>.allocate(capacity: max(1, total))
    defer { block.deallocate() }
    var pointers: [UnsafeMutablePointer<CChar>?] = []
    pointers.reserveCapacity(strings.count + 1)
    var next = block
    for string in strings {
        pointers.append(next)
        for byte in string.utf8 {
            next.pointee = CChar(bitPattern: byte)
            next += 1
        }
        next.pointee = 0
        next += 1
    }
    pointers.append(nil)
    return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }  // never empty: it ends with nil
}
