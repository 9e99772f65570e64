internal import Base

/// The fields of a message, in order, names without regard to case (RFC 9110 section 5).
///
/// What was parsed stays as offsets into the bytes of the head; a string is made when it is asked for.
public struct Headers: Sendable {
    /// One parsed field, as offsets into `head`.
    struct Parsed: Sendable {
        let nameStart: UInt32
        let nameEnd: UInt32
        let valueStart: UInt32
        let valueEnd: UInt32
    }

    private let head: Bytes
    private var parsed: [Parsed]
    private var added: [(name: String, value: String)] = []

    /// No fields.
    public init() {
        head = Bytes()
        parsed = []
    }

    init(head: Bytes, parsed: [Parsed]) {
        self.head = head
        self.parsed = parsed
    }

    /// How many fields there are.
    public var count: Int { parsed.count + added.count }

    /// The first value of `name`. Setting replaces all values; nil removes them.
    public subscript(name: String) -> String? {
        get {
            for field in parsed where matches(field, name) { return value(field) }
            return added.first { Self.equal($0.name, name) }?.value
        }
        set {
            let before = self
            parsed.removeAll { before.matches($0, name) }
            added.removeAll { Self.equal($0.name, name) }
            if let newValue { append(name, newValue) }
        }
    }

    /// Every value of `name`, in order.
    public func all(_ name: String) -> [String] {
        parsed.filter { matches($0, name) }.map(value)
            + added.filter { Self.equal($0.name, name) }.map(\.value)
    }

    /// Adds one field. A line break in a value would forge another field, so it becomes a space.
    public mutating func append(_ name: String, _ value: String) {
        let isClean = value.utf8.allSatisfy { $0 != 0x0D && $0 != 0x0A && $0 != 0 }
        let clean =
            isClean
            ? value
            : String(value.unicodeScalars.map { $0.value < 0x20 ? " " : Character($0) })
        added.append((name, clean))
    }

    /// Calls `body` with each name and value.
    public func forEach(_ body: (String, String) -> Void) {
        for field in parsed {
            let name = head[Int(field.nameStart)..<Int(field.nameEnd)].string
            body(name, value(field))
        }
        for field in added { body(field.name, field.value) }
    }

    private func value(_ field: Parsed) -> String {
        head[Int(field.valueStart)..<Int(field.valueEnd)].string
    }

    private func matches(_ field: Parsed, _ name: String) -> Bool {
        let name = name.utf8
        guard Int(field.nameEnd - field.nameStart) == name.count else { return false }
        let span = head.span
        var index = Int(field.nameStart)
        for byte in name {
            if Self.lowercase(span.unsafeLoadChecked(at: index)) != Self.lowercase(byte) {
                return false
            }
            index += 1
        }
        return true
    }

    private static func equal(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count
            && left.utf8.elementsEqual(right.utf8) { lowercase($0) == lowercase($1) }
    }

    @inline(__always)
    static func lowercase(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
    }
}

extension Headers: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init()
        for (name, value) in elements { append(name, value) }
    }
}
