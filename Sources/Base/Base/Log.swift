internal import Glibc
internal import Synchronization

/// Structured lines on standard error: a constant message and named values.
///
/// Nothing above `debug` is written in a healthy run but what an operator acts on. Secrets and
/// signed queries never go in.
public enum Log {
    /// How much a line matters.
    public enum Level: Int, Comparable, Sendable, CaseIterable {
        case debug, info, warning, error

        public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }

        var name: String {
            switch self {
            case .debug: "debug"
            case .info: "info"
            case .warning: "warning"
            case .error: "error"
            }
        }
    }

    private static let threshold = Atomic<Int>(Level.info.rawValue)

    /// Lines below this level are not written.
    public static var level: Level {
        get { Level(rawValue: threshold.load(ordering: .relaxed)) ?? .info }
        set { threshold.store(newValue.rawValue, ordering: .relaxed) }
    }

    public static func debug(
        _ message: StaticString, _ values: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        if level <= .debug { write(.debug, "\(message)", values()) }
    }

    public static func info(
        _ message: StaticString, _ values: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        if level <= .info { write(.info, "\(message)", values()) }
    }

    public static func warning(
        _ message: StaticString, _ values: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        if level <= .warning { write(.warning, "\(message)", values()) }
    }

    public static func error(
        _ message: StaticString, _ values: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        write(.error, "\(message)", values())
    }

    static func write(_ level: Level, _ message: String, _ values: KeyValuePairs<String, String>) {
        var line = "\(Timestamp.now) \(level.name) \(message)"
        for (key, value) in values {
            line += " \(key)=\(quoted(value))"
        }
        line += "\n"
        line.withUTF8 { _ = unsafe Glibc.write(2, $0.baseAddress, $0.count) }
    }

    /// A value on one line: quoted when it holds anything but plain visible characters, so that
    /// input from outside can neither break a line nor forge one.
    private static func quoted(_ value: String) -> String {
        let isPlain = value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x3D }
        if isPlain && !value.isEmpty { return value }
        var out = "\""
        for scalar in value.unicodeScalars.prefix(2_000) {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
                out += "\\u{\(String(scalar.value, radix: 16))}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
