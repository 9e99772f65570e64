internal import Base
internal import Glibc

extension Configuration {
    /// Loads from flags, environment and file, in that order of precedence.
    ///
    /// - Parameters:
    ///   - arguments: What follows `sluice serve`.
    ///   - environment: The environment of the process.
    /// - Throws: ``Invalid`` with one line that names what is wrong.
    public static func load(
        arguments: [String], environment: [String: String]
    ) throws(Invalid) -> Configuration {
        var flags: [String: String] = [:]
        let known = Set(Setting.all.compactMap(\.flag)).union(["--config"])
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let (name, inline) = split(argument)
            guard known.contains(name) else { throw Invalid("unknown argument \(argument)") }
            guard let value = inline ?? rest.popFirst() else {
                throw Invalid("\(name) needs a value")
            }
            guard flags.updateValue(value, forKey: name) == nil else {
                throw Invalid("\(name) is given twice")
            }
        }
        return try load(flags: flags, environment: environment)
    }

    /// Checks one file alone, as `sluice check FILE` does.
    public static func load(
        file: String, environment: [String: String]
    ) throws(Invalid) -> Configuration {
        try load(flags: ["--config": file], environment: environment)
    }

    private static func load(
        flags: [String: String], environment: [String: String]
    ) throws(Invalid) -> Configuration {
        let path = flags["--config"] ?? environment["SLUICE_CONFIG"]
        var file: (path: String, entries: [YAMLReader.Entry])?
        if let path {
            let text: [UInt8]
            do throws(Errno) {
                text = try readFile(path)
            } catch {
                throw Invalid("\(path): \(error)")
            }
            do throws(YAMLReader.Failure) {
                file = (path, try YAMLReader.read(text))
            } catch {
                throw Invalid("\(path):\(error.line): \(error.reason)")
            }
        }
        return try Configuration(
            SettingValues(flags: flags, environment: environment, file: file))
    }

    /// `--name=value` in two, `--name` alone.
    private static func split(_ argument: String) -> (String, String?) {
        guard argument.hasPrefix("--"), let equals = argument.firstIndex(of: "=") else {
            return (argument, nil)
        }
        return (String(argument[..<equals]), String(argument[argument.index(after: equals)...]))
    }

    /// The first megabyte and a byte of a file, at start, when no core runs yet.
    private static func readFile(_ path: String) throws(Errno) -> [UInt8] {
        let file = Descriptor(
            owning: try systemCall { unsafe open(path, O_RDONLY | O_CLOEXEC) })
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while text.count <= 1 << 20 {
            let count = try systemCall {
                unsafe read(file.number, &chunk, chunk.count)
            }
            if count == 0 { break }
            text.append(contentsOf: chunk[..<count])
        }
        return text
    }

    /// The lines of `sluice help serve`: flag, key and what it does.
    public static var settingsHelp: String {
        Setting.all.map { setting in
            let name = setting.flag ?? setting.key
            let padding = String(repeating: " ", count: max(1, 30 - name.count))
            let fallback = setting.defaultValue.flatMap { $0.isEmpty ? nil : " (\($0))" } ?? ""
            return "  \(name)\(padding)\(setting.summary)\(fallback)"
        }.joined(separator: "\n")
    }
}
