/// A value for each setting, each already of its kind.
struct SettingValues {
    private var values: [String: String] = [:]

    /// Takes the first source that has a value: flag, environment, file, default.
    ///
    /// - Parameters:
    ///   - flags: By flag name, as `--listen`.
    ///   - environment: The whole environment; names that begin with `SLUICE_` must be known.
    ///   - file: What the YAML file holds, and its path for messages.
    init(
        flags: [String: String], environment: [String: String],
        file: (path: String, entries: [YAMLReader.Entry])?
    ) throws(Configuration.Invalid) {
        try Self.refuseUnknown(environment: environment)
        var fromFile: [String: String] = [:]
        if let file {
            let known = Set(Setting.all.map(\.key))
            for entry in file.entries {
                guard known.contains(entry.key) else {
                    throw .init("\(file.path):\(entry.line): unknown key \(entry.key)")
                }
                guard fromFile.updateValue(entry.value, forKey: entry.key) == nil else {
                    throw .init("\(file.path):\(entry.line): \(entry.key) is given twice")
                }
            }
        }
        for setting in Setting.all {
            let candidates: [(source: String, value: String?)] = [
                (setting.flag ?? setting.key, setting.flag.flatMap { flags[$0] }),
                (setting.environmentName, environment[setting.environmentName]),
                ("\(file?.path ?? ""): \(setting.key)", fromFile[setting.key]),
                (setting.key, setting.defaultValue),
            ]
            guard let chosen = candidates.first(where: { $0.value != nil }),
                let value = chosen.value
            else { continue }
            if let complaint = setting.kind.complaint(about: value) {
                throw .init("\(chosen.source): \(complaint)")
            }
            values[setting.key] = value
        }
    }

    /// Variables of the process that are not settings.
    private static let otherVariables: Set<String> = ["SLUICE_CONFIG"]

    private static func refuseUnknown(
        environment: [String: String]
    ) throws(Configuration.Invalid) {
        let known = Set(Setting.all.map(\.environmentName)).union(otherVariables)
        let unknown = environment.keys.filter { $0.hasPrefix("SLUICE_") && !known.contains($0) }
        if let name = unknown.min() { throw .init("unknown environment variable \(name)") }
    }

    subscript(key: String) -> String { values[key] ?? "" }

    func optional(_ key: String) -> String? {
        values[key].flatMap { $0.isEmpty ? nil : $0 }
    }

    func integer(_ key: String) -> Int { Int(self[key]) ?? 0 }

    func list(_ key: String) -> [String] {
        self[key].split(separator: ",").map { $0.trimmed }.filter { !$0.isEmpty }
    }
}

extension Setting.Kind {
    /// What is wrong with `value`, or nil.
    func complaint(about value: String) -> String? {
        switch self {
        case .text: return nil
        case .path: return value.isEmpty ? "an empty path" : nil
        case .listenAddress:
            return value.contains(":") ? nil : "not an address and port: \(value)"
        case .url:
            let isURL = value.isEmpty || value.hasPrefix("http://") || value.hasPrefix("https://")
            return isURL ? nil : "not an http or https URL: \(value)"
        case .integer(let range):
            guard let number = Int(value) else { return "not a number: \(value)" }
            return range.contains(number)
                ? nil : "\(number) is not within \(range.lowerBound) to \(range.upperBound)"
        case .boolean:
            return value == "true" || value == "false" ? nil : "neither true nor false: \(value)"
        case .choice(let choices):
            return choices.contains(value)
                ? nil : "\(value) is not one of \(choices.joined(separator: ", "))"
        case .origins:
            let origins = value.split(separator: ",").map { $0.trimmed }.filter { !$0.isEmpty }
            let bad = origins.first {
                $0 != "*" && !$0.hasPrefix("http://") && !$0.hasPrefix("https://")
            }
            return bad.map { "not an origin such as https://example.org: \($0)" }
        }
    }
}

extension Substring {
    fileprivate var trimmed: String {
        var text = self
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
