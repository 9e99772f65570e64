internal import CSQLite

/// A prepared statement of one connection. Confined to the thread of the connection.
@safe
final class Statement {
    private let handle: OpaquePointer
    /// Lent out: a second use of the same text meanwhile gets a statement of its own.
    var isLent = false
    private var names: [String]?

    init(_ sql: String, on database: OpaquePointer) throws(DatabaseError) {
        var handle: OpaquePointer?
        var sql = sql
        // Safe because: the text outlives the call, and `tail` is compared inside it only.
        let (status, isWhole) = sql.withUTF8 { buffer -> (Int32, Bool) in
            unsafe buffer.withMemoryRebound(to: CChar.self) { text in
                var tail: UnsafePointer<CChar>?
                let status = unsafe sqlite3_prepare_v3(
                    database, text.baseAddress, Int32(text.count),
                    UInt32(SQLITE_PREPARE_PERSISTENT), &handle, &tail)
                guard let start = text.baseAddress, let end = unsafe tail else {
                    return (status, true)
                }
                let rest = unsafe text[(end - start)...]
                let blank: [CChar] = [0x20, 0x0A, 0x09, 0x0D, 0x3B]
                return (status, unsafe rest.allSatisfy(blank.contains))
            }
        }
        guard status == SQLITE_OK else {
            throw unsafe DatabaseError(status: status, on: database)
        }
        guard let handle = unsafe handle else { throw .misuse("empty statement") }
        unsafe self.handle = handle
        guard isWhole else { throw .misuse("more than one statement") }
    }

    deinit { unsafe sqlite3_finalize(handle) }

    /// Binds `values` in order.
    func bind(_ values: [SQLValue], on database: OpaquePointer) throws(DatabaseError) {
        let expected = Int(unsafe sqlite3_bind_parameter_count(handle))
        guard values.count == expected else {
            throw .misuse("\(values.count) values for \(expected) placeholders")
        }
        for (index, value) in values.enumerated() {
            let status = bind(value, at: Int32(index + 1))
            guard status == SQLITE_OK else {
                throw unsafe DatabaseError(status: status, on: database)
            }
        }
    }

    private func bind(_ value: SQLValue, at index: Int32) -> Int32 {
        switch value {
        case .null:
            return unsafe sqlite3_bind_null(handle, index)
        case .boolean(let value):
            return unsafe sqlite3_bind_int64(handle, index, value ? 1 : 0)
        case .integer(let value):
            return unsafe sqlite3_bind_int64(handle, index, value)
        case .real(let value):
            return unsafe sqlite3_bind_double(handle, index, value)
        case .text(var text):
            // Safe because: SQLite copies the text before the call returns.
            return text.withUTF8 { buffer in
                unsafe buffer.withMemoryRebound(to: CChar.self) {
                    unsafe sl_sqlite_bind_text(handle, index, $0.baseAddress, UInt64($0.count))
                }
            }
        case .blob(let bytes):
            // Safe because: SQLite copies the bytes before the call returns.
            return unsafe bytes.withUnsafeBytes {
                unsafe sl_sqlite_bind_blob(handle, index, $0.baseAddress, UInt64($0.count))
            }
        }
    }

    /// Goes to the next row; false at the end.
    func step(on database: OpaquePointer) throws(DatabaseError) -> Bool {
        let status = unsafe sqlite3_step(handle)
        switch status {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw unsafe DatabaseError(status: status, on: database)
        }
    }

    /// Makes it ready for the next use and lets go of the values.
    func reset() {
        unsafe sqlite3_reset(handle)
        unsafe sqlite3_clear_bindings(handle)
        isLent = false
    }

    /// Whether it cannot change the database.
    var isReadOnly: Bool { unsafe sqlite3_stmt_readonly(handle) != 0 }

    var columnCount: Int { Int(unsafe sqlite3_column_count(handle)) }

    func columnName(_ index: Int) -> String {
        guard let name = unsafe sqlite3_column_name(handle, Int32(index)) else { return "" }
        return unsafe String(cString: name)
    }

    func columnIndex(_ name: String) -> Int? {
        if let names { return names.firstIndex(of: name) }
        let names = (0..<columnCount).map(columnName)
        self.names = names
        return names.firstIndex(of: name)
    }

    /// The value of a column of the current row; `index` is below ``columnCount``.
    func value(at index: Int) -> SQLValue {
        let column = Int32(index)
        switch unsafe sqlite3_column_type(handle, column) {
        case SQLITE_INTEGER:
            return .integer(unsafe sqlite3_column_int64(handle, column))
        case SQLITE_FLOAT:
            return .real(unsafe sqlite3_column_double(handle, column))
        case SQLITE_TEXT:
            let text = unsafe sqlite3_column_text(handle, column)
            let count = Int(unsafe sqlite3_column_bytes(handle, column))
            // Safe because: SQLite keeps `count` bytes there until the next step; copied here.
            let buffer = unsafe UnsafeBufferPointer(start: text, count: count)
            return .text(unsafe String(decoding: buffer, as: UTF8.self))
        case SQLITE_BLOB:
            let bytes = unsafe sqlite3_column_blob(handle, column)
            let count = Int(unsafe sqlite3_column_bytes(handle, column))
            // Safe because: as above.
            return .blob(unsafe Array(UnsafeRawBufferPointer(start: bytes, count: count)))
        default:
            return .null
        }
    }
}
