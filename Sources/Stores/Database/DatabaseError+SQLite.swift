internal import CSQLite

extension DatabaseError {
    /// The meaning of a result code of SQLite, with what the connection says about it.
    init(status: Int32, on database: OpaquePointer?) {
        var message = ""
        if let text = unsafe sqlite3_errmsg(database) { message = unsafe String(cString: text) }
        self.init(status: status, message: message)
    }

    init(status: Int32, message: String) {
        switch status & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED: self = .busy
        case SQLITE_FULL: self = .full
        case SQLITE_CONSTRAINT: self = .constraint(Constraint(status: status, message: message))
        case SQLITE_TOOBIG, SQLITE_NOMEM: self = .tooLarge
        case SQLITE_MISMATCH: self = .mismatch(message)
        case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FORMAT: self = .corrupt(message)
        case SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_READONLY, SQLITE_AUTH,
            SQLITE_PROTOCOL:
            self = .inputOutput(message)
        case SQLITE_INTERRUPT: self = .closed
        default: self = .misuse(message)
        }
    }

    /// Whether the whole group of writes is lost with it, not one statement alone.
    var spoilsConnection: Bool {
        switch self {
        case .full, .inputOutput, .corrupt, .closed: true
        default: false
        }
    }
}

extension Constraint {
    /// Reads SQLite's message, such as `UNIQUE constraint failed: users.name, users.realm`.
    init(status: Int32, message: String) {
        var subject = message
        if let colon = message.firstIndex(of: ":") {
            subject = String(message[message.index(after: colon)...].drop { $0 == " " })
        }
        switch status {
        case 0x813, 0x613, 0xA13:  // SQLITE_CONSTRAINT_UNIQUE, _PRIMARYKEY, _ROWID
            let columns = subject.split(separator: ",").map { part in
                String(part.drop { $0 == " " })
            }
            self = .unique(columns: columns)
        case 0x313: self = .foreignKey  // SQLITE_CONSTRAINT_FOREIGNKEY
        case 0x513: self = .notNull(column: subject)  // SQLITE_CONSTRAINT_NOTNULL
        default: self = .check(subject)
        }
    }
}
