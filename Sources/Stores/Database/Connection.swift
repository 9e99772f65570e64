internal import CSQLite

/// One connection to SQLite with its prepared statements.
///
/// Confined: it is opened by one thread and, before anything else uses it, handed whole to the
/// thread that keeps it.
@safe
final class Connection: @unchecked Sendable {
    // Safe because: see above; SQLite's own lock is therefore turned off.
    private let handle: OpaquePointer
    private var cached: [String: Statement] = [:]
    private var recent: [String] = []
    private static let statementsMax = 128

    enum Mode { case readOnly, readWrite }

    init(path: String, mode: Mode) throws(DatabaseError) {
        var opened: OpaquePointer?
        let access = mode == .readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE
        let flags =
            access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
            | (mode == .readOnly ? 0 : SQLITE_OPEN_CREATE)
        let status = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        guard status == SQLITE_OK, let handle = unsafe opened else {
            let error = unsafe DatabaseError(status: status, on: opened)
            unsafe sqlite3_close_v2(opened)
            throw error
        }
        unsafe self.handle = handle
        unsafe sl_sqlite_harden(handle)
        // A value never holds more than 64 MiB, a statement never more than 1 MiB.
        unsafe sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, 64 << 20)
        unsafe sqlite3_limit(handle, SQLITE_LIMIT_SQL_LENGTH, 1 << 20)
        // Another process (a command of the operator) may hold the lock for a moment.
        unsafe sqlite3_busy_timeout(handle, 5_000)
        switch mode {
        case .readWrite:
            // WAL with FULL: a commit returns only once the log is on disk.
            try run("pragma journal_mode = wal")
            try run("pragma synchronous = full")
            try run("pragma journal_size_limit = 67108864")
        case .readOnly:
            try run("pragma query_only = on")
        }
        try run("pragma foreign_keys = on")
        try run("pragma cache_size = -8000")
        try run("pragma temp_store = memory")
    }

    deinit {
        cached.removeAll()
        unsafe sqlite3_close_v2(handle)
    }

    /// Whether no transaction is open: SQLite ends one by itself on grave errors.
    var isIdle: Bool { unsafe sqlite3_get_autocommit(handle) != 0 }

    /// The rows that the last statement changed.
    var changes: Int { Int(unsafe sqlite3_changes64(handle)) }

    /// Whether a deferred foreign key is broken at this moment.
    var hasBrokenReferences: Bool {
        var current: Int32 = 0
        var highest: Int32 = 0
        unsafe sqlite3_db_status(handle, SQLITE_DBSTATUS_DEFERRED_FKS, &current, &highest, 0)
        return current != 0
    }

    /// Runs a script of our own, such as a migration.
    func run(_ script: String) throws(DatabaseError) {
        let status = unsafe sqlite3_exec(handle, script, nil, nil, nil)
        guard status == SQLITE_OK else { throw unsafe DatabaseError(status: status, on: handle) }
    }

    /// Runs one statement and gives each row to `body`, which returns whether to go on.
    func forEach(
        _ sql: SQL, mayWrite: Bool, _ body: (borrowing Row) throws -> Bool
    ) throws {
        let statement = try lend(sql.text)
        defer { statement.reset() }
        guard mayWrite || statement.isReadOnly else {
            throw DatabaseError.misuse("a query that writes")
        }
        unsafe try statement.bind(sql.values, on: handle)
        while try unsafe statement.step(on: handle) {
            if try !body(Row(statement)) { return }
        }
    }

    private func lend(_ text: String) throws(DatabaseError) -> Statement {
        if let statement = cached[text] {
            if !statement.isLent {
                statement.isLent = true
                return statement
            }
            return unsafe try Statement(text, on: handle)
        }
        let statement = unsafe try Statement(text, on: handle)
        statement.isLent = true
        if cached.count >= Self.statementsMax {
            // The oldest goes: statements are few, so which one hardly matters.
            cached[recent.removeFirst()] = nil
        }
        cached[text] = statement
        recent.append(text)
        return statement
    }

    /// Copies the whole database, as it is at this moment, into a new file at `path`.
    func copy(to path: String) throws(DatabaseError) {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE
        let status = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        defer { unsafe sqlite3_close_v2(opened) }
        guard status == SQLITE_OK else { throw unsafe DatabaseError(status: status, on: opened) }
        guard let backup = unsafe sqlite3_backup_init(opened, "main", handle, "main") else {
            throw unsafe DatabaseError(status: sqlite3_errcode(opened), on: opened)
        }
        // One step over all pages holds one snapshot; writers go on meanwhile, since it is WAL.
        let step = unsafe sqlite3_backup_step(backup, -1)
        let finish = unsafe sqlite3_backup_finish(backup)
        guard step == SQLITE_DONE, finish == SQLITE_OK else {
            throw unsafe DatabaseError(status: step == SQLITE_DONE ? finish : step, on: opened)
        }
    }
}
