/// The fields after the question mark, decoded, in order.
public struct Query: Sendable, Equatable {
    /// One `name=value`.
    public struct Field: Sendable, Equatable {
        public let name: String
        public let value: String
    }

    public private(set) var fields: [Field] = []
    private static let fieldsMax = 64

    /// No fields.
    public init() {}

    /// Reads `a=1&b=2`; nil for bad escapes, invalid UTF-8, or too many fields.
    public init?(parsing text: some StringProtocol) {
        for pair in text.split(separator: "&", omittingEmptySubsequences: true) {
            guard fields.count < Self.fieldsMax else { return nil }
            let equals = pair.firstIndex(of: "=")
            let rawName = pair[..<(equals ?? pair.endIndex)]
            let rawValue = equals.map { pair[pair.index(after: $0)...] }
            guard let name = Self.decode(rawName), let value = Self.decode(rawValue ?? "") else {
                return nil
            }
            fields.append(Field(name: name, value: value))
        }
    }

    private static func decode(_ text: some StringProtocol) -> String? {
        PercentCoding.decode(text, plusIsSpace: true).flatMap {
            String(validating: $0, as: UTF8.self)
        }
    }

    /// The first value of `name`.
    public subscript(name: String) -> String? {
        fields.first { $0.name == name }?.value
    }

    /// How often `name` is given.
    public func count(of name: String) -> Int {
        fields.count { $0.name == name }
    }
}
