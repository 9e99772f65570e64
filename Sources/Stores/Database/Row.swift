/// One row of a result, valid while the closure that was given it runs.
public struct Row: ~Copyable {
    private let statement: Statement

    init(_ statement: Statement) {
        self.statement = statement
    }

    /// The number of columns.
    public var count: Int { statement.columnCount }

    /// The value of a column as the engine holds it.
    public func value(at index: Int) throws(DatabaseError) -> SQLValue {
        guard index >= 0, index < count else {
            throw .mismatch("no column \(index) among \(count)")
        }
        return statement.value(at: index)
    }

    /// The value of the column at `index` as a `Value`; a null or another kind throws.
    public func get<Value: SQLConvertible>(
        _ index: Int, as type: Value.Type = Value.self
    ) throws(DatabaseError) -> Value {
        let value = try value(at: index)
        guard let converted = Value(sqlValue: value) else {
            throw .mismatch("column \(statement.columnName(index)) is \(value.kind), not \(type)")
        }
        return converted
    }

    /// The value of the column named `name` as a `Value`.
    public func get<Value: SQLConvertible>(
        _ name: String, as type: Value.Type = Value.self
    ) throws(DatabaseError) -> Value {
        guard let index = statement.columnIndex(name) else {
            throw .mismatch("no column named \(name)")
        }
        return try get(index, as: type)
    }

    /// The value of the column named `name`, by the type that is wanted.
    public subscript<Value: SQLConvertible>(name: String) -> Value {
        get throws(DatabaseError) { try get(name) }
    }

    /// The value of the column at `index`, by the type that is wanted.
    public subscript<Value: SQLConvertible>(index: Int) -> Value {
        get throws(DatabaseError) { try get(index) }
    }
}
