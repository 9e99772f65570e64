/// A statement whose text is written in the source and whose values are bound, never spliced.
///
///     let found: SQL = "select id from users where name = \(name) and created_at > \(since)"
///
/// Text comes from literals alone: they are `StaticString`, so no value of run time, whatever it
/// holds, can become part of the text. Statements are put together from other statements with
/// `\(sql:)`. Placeholders are written `$1`, which SQLite and PostgreSQL both take; keep to the
/// dialect that both understand (`on conflict … do update`, `returning`, `bigint`, `text`).
public struct SQL: Sendable, ExpressibleByStringInterpolation {
    /// The text between the values: one piece more than there are values.
    var pieces: [String]
    /// The values to bind, in order.
    public private(set) var values: [SQLValue]

    public init(stringLiteral value: StaticString) {
        pieces = [value.description]
        values = []
    }

    public init(stringInterpolation: StringInterpolation) {
        self = stringInterpolation.sql
    }

    init(pieces: [String] = [""], values: [SQLValue] = []) {
        (self.pieces, self.values) = (pieces, values)
    }

    /// The text with its placeholders.
    public var text: String {
        guard pieces.count > 1 else { return pieces.first ?? "" }
        var text = ""
        for (index, piece) in pieces.enumerated() {
            if index > 0 { text += "$\(index)" }
            text += piece
        }
        return text
    }

    mutating func append(text: String) {
        pieces[pieces.count - 1] += text
    }

    mutating func append(value: SQLValue) {
        values.append(value)
        pieces.append("")
    }

    /// Puts `other` behind this one.
    mutating func append(_ other: SQL) {
        append(text: other.pieces[0])
        for (value, piece) in zip(other.values, other.pieces.dropFirst()) {
            append(value: value)
            append(text: piece)
        }
    }

    public static func + (left: SQL, right: SQL) -> SQL {
        var sum = left
        sum.append(right)
        return sum
    }

    /// Collects the literals and the values of one statement.
    public struct StringInterpolation: StringInterpolationProtocol {
        public typealias StringLiteralType = StaticString
        var sql = SQL()

        public init(literalCapacity: Int, interpolationCount: Int) {
            sql.values.reserveCapacity(interpolationCount)
            sql.pieces.reserveCapacity(interpolationCount + 1)
        }

        public mutating func appendLiteral(_ literal: StaticString) {
            sql.append(text: literal.description)
        }

        /// Binds a value.
        public mutating func appendInterpolation<Value: SQLConvertible>(_ value: Value) {
            sql.append(value: value.sqlValue)
        }

        /// Binds a value or null.
        public mutating func appendInterpolation<Value: SQLConvertible>(_ value: Value?) {
            sql.append(value: value.sqlValue)
        }

        /// Nests another statement, with its values.
        public mutating func appendInterpolation(sql other: SQL) {
            sql.append(other)
        }

        /// Binds a list in parentheses, for `in`. An empty list matches nothing.
        public mutating func appendInterpolation<Value: SQLConvertible>(list: [Value]) {
            sql.append(text: list.isEmpty ? "(null" : "(")
            for (index, value) in list.enumerated() {
                if index > 0 { sql.append(text: ", ") }
                sql.append(value: value.sqlValue)
            }
            sql.append(text: ")")
        }
    }
}

extension Sequence<SQL> {
    /// The statements one behind another with `separator` between them.
    public func joined(separator: SQL) -> SQL {
        var joined = SQL()
        for (index, part) in enumerated() {
            if index > 0 { joined.append(separator) }
            joined.append(part)
        }
        return joined
    }
}
