internal import Glibc

/// What the command line says, and its exit statuses.
enum Console {
    /// Writes a line to standard output.
    ///
    /// - Returns: 0, the status of a command that did what it was asked.
    @discardableResult
    static func say(_ text: String) -> Int32 {
        put(text + "\n", to: 1)
        return 0
    }

    /// Writes one line to standard error.
    ///
    /// - Returns: 2, the status of a command that was not given what it needs.
    static func refuse(_ text: String) -> Int32 {
        put("sluice: \(text)\n", to: 2)
        return 2
    }

    /// Writes one line to standard error.
    ///
    /// - Returns: 1, the status of a command that failed.
    static func fail(_ text: String) -> Int32 {
        put("sluice: \(text)\n", to: 2)
        return 1
    }

    /// Writes text as it is.
    static func put(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var offset = 0
            while offset < bytes.count {
                let count = unsafe write(
                    descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
                guard count > 0 else { return }
                offset += count
            }
        }
    }

    /// Whether standard error is a terminal, where a progress bar may move.
    static var isTerminal: Bool { isatty(2) == 1 }

    /// The environment of the process.
    static var environment: [String: String] {
        var found: [String: String] = [:]
        let list = unsafe environ
        var index = 0
        while let entry = unsafe list[index] {
            let text = unsafe String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                found[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            index += 1
        }
        return found
    }

    /// The first line of standard input, without its end.
    static func readLine() -> String? { Swift.readLine() }
}
