/// What a body may ask while it reads: one consistent snapshot.
///
/// Valid while the body runs; afterwards every call throws ``DatabaseError/closed``.
public class Reader {
    /// The most rows that one call returns as an array.
    public static let rowsMax = 100_000

    fileprivate var connection: Connection?
    fileprivate var mayWrite: Bool { false }

    init(_ connection: Connection) {
        self.connection = connection
    }

    /// Ends its validity.
    func invalidate() {
        connection = nil
    }

    fileprivate func live() throws(DatabaseError) -> Connection {
        guard let connection else { throw .closed }
        return connection
    }

    /// Every row of `sql`, mapped; more than ``rowsMax`` rows throw ``DatabaseError/tooLarge``.
    public func query<T>(_ sql: SQL, _ map: (borrowing Row) throws -> T) throws -> [T] {
        var rows: [T] = []
        try live().forEach(sql, mayWrite: mayWrite) { row in
            guard rows.count < Self.rowsMax else { throw DatabaseError.tooLarge }
            rows.append(try map(row))
            return true
        }
        return rows
    }

    /// The first row of `sql`, mapped; nil when there is none.
    public func first<T>(_ sql: SQL, _ map: (borrowing Row) throws -> T) throws -> T? {
        var found: T?
        try live().forEach(sql, mayWrite: mayWrite) { row in
            if found == nil { found = try map(row) }
            // A statement that writes is complete only when it was stepped to its end.
            return mayWrite
        }
        return found
    }

    /// The only column of the first row; nil when there is no row.
    public func value<T: SQLConvertible>(
        _ sql: SQL, as type: T.Type = T.self
    ) throws -> T? {
        try first(sql) { row in try row.get(0, as: type) }
    }

    /// Gives each row of `sql` to `body` while the result is read, however long it is.
    public func forEach(_ sql: SQL, _ body: (borrowing Row) throws -> Void) throws {
        try live().forEach(sql, mayWrite: mayWrite) { row in
            try body(row)
            return true
        }
    }
}

/// What a body may do while it writes: all of it is kept, or nothing.
public final class Transaction: Reader {
    override fileprivate var mayWrite: Bool { true }
    private(set) var followUps: [@Sendable () -> Void] = []

    /// Calls `action` once the transaction is durable, before its caller goes on; never when it
    /// is lost. The action runs on the thread that writes: it only passes a message on.
    public func afterCommit(_ action: @escaping @Sendable () -> Void) {
        followUps.append(action)
    }

    /// Runs one statement and returns how many rows it inserted, changed or removed.
    @discardableResult
    public func execute(_ sql: SQL) throws -> Int {
        let connection = try live()
        try connection.forEach(sql, mayWrite: true) { _ in true }
        return connection.changes
    }
}
