internal import Base
internal import Synchronization

/// One moving line on a terminal; on anything else, a line at each tenth.
final class ProgressBar: Sendable {
    private let title: String
    private let started = Timestamp.now
    private let shown = Mutex("")

    init(title: String) {
        self.title = title
    }

    /// Shows how far `phase` is, from 0 to 1.
    func show(_ phase: String, _ fraction: Double, bytes: Int64?) {
        let fraction = min(1, max(0, fraction))
        let seconds = (Timestamp.now - started).milliseconds / 1000
        let size = bytes.map { " \($0 / 1_048_576) MiB" } ?? ""
        if Console.isTerminal {
            let filled = Int(fraction * 30)
            let bar =
                String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
            let line = "\(title) \(bar) \(Int(fraction * 100))% \(phase)\(size) \(seconds)s"
            Console.put("\r\u{1B}[2K" + line, to: 2)
        } else {
            let line = "\(title): \(phase) \(Int(fraction * 10) * 10)%"
            let isNew = shown.withLock { shown in
                defer { shown = line }
                return shown != line
            }
            if isNew { Console.put(line + "\n", to: 2) }
        }
    }

    /// Ends the line with what became of it.
    func end(_ words: String) {
        let start = Console.isTerminal ? "\r\u{1B}[2K" : ""
        Console.put("\(start)\(title): \(words)\n", to: 2)
    }
}
