import Executors
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Gives others a turn until it is so. The suite's time limit ends a wait that is in vain.
func eventually(_ isSo: () -> Bool) async {
    while !isSo() && !Task.isCancelled { await Task.yield() }
}

func fileExists(_ path: String) -> Bool { access(path, F_OK) == 0 }

extension String {
    var trimmed: String {
        var text = Substring(self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}

/// Puts a script in the place of a program that this machine may not have.
func stand(in folder: String, for name: String, _ script: String) throws {
    let path = folder + "/" + name
    #expect(Folders.write(Array(("#!/bin/sh\n" + script + "\n").utf8), to: path))
    #expect(chmod(path, 0o755) == 0)
}
