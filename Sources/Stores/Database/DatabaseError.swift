/// Why the database did not do what it was asked.
public enum DatabaseError: Error, Equatable, Sendable {
    /// Too many requests are waiting, or another process held the lock for too long. Try again.
    case busy
    /// The disk or the quota is full; HTTP says 507.
    case full
    /// The data would have broken a rule of the schema; nothing of the transaction was kept.
    case constraint(Constraint)
    /// A column does not hold what the caller asked for.
    case mismatch(String)
    /// A value, a statement or a result is larger than the limits allow.
    case tooLarge
    /// The statement is not valid SQL, or was used in a way that cannot work: our own mistake.
    case misuse(String)
    /// The file is damaged or is not a database of ours.
    case corrupt(String)
    /// The file was migrated by a newer release, whose migration `number` this one does not know.
    case newer(number: Int, name: String)
    /// A migration that was applied is no longer what this release ships, or one failed.
    case migration(number: Int, reason: String)
    /// The disk or the file system failed.
    case inputOutput(String)
    /// The database was closed.
    case closed
}

/// A rule of the schema.
public enum Constraint: Equatable, Sendable {
    /// Another row has these values; columns are named `table.column`, or by the index's name.
    case unique(columns: [String])
    /// A referenced row is missing, or a row is still referenced.
    case foreignKey
    /// A column, named `table.column`, must have a value.
    case notNull(column: String)
    /// The named check does not hold.
    case check(String)
}

extension DatabaseError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .busy: "the database is busy"
        case .full: "the disk is full"
        case .constraint(.unique(let columns)): "not unique: \(columns.joined(separator: ", "))"
        case .constraint(.foreignKey): "a referenced row is missing or still in use"
        case .constraint(.notNull(let column)): "\(column) must have a value"
        case .constraint(.check(let name)): "check failed: \(name)"
        case .mismatch(let what): "unexpected value: \(what)"
        case .tooLarge: "too large for the database"
        case .misuse(let what): "misused: \(what)"
        case .corrupt(let what): "damaged or foreign database: \(what)"
        case .newer(let number, let name):
            "the database was written by a newer release (migration \(number) \"\(name)\" is not "
                + "known here); run that release, or restore a backup"
        case .migration(let number, let reason): "migration \(number): \(reason)"
        case .inputOutput(let what): "disk error: \(what)"
        case .closed: "the database is closed"
        }
    }
}
