internal import Base

/// One step of the schema. Steps go forward only, and one that was applied never changes.
public struct Migration: Sendable {
    /// Its place in the order. Each feature has a range of its own.
    public let number: Int
    /// What it does, in a few words.
    public let name: String
    /// The statements, in the dialect that SQLite and PostgreSQL both take.
    public let sql: String

    public init(number: Int, name: String, sql: String) {
        (self.number, self.name, self.sql) = (number, name, sql)
    }

    var checksum: String { TextEncoding.hex(Cryptography.sha256(Array(sql.utf8))) }
}

extension Connection {
    /// Brings the schema to `migrations`, all in one transaction.
    ///
    /// - Throws: ``DatabaseError/newer(number:name:)`` when the file knows a step that is not
    ///   among them, ``DatabaseError/migration(number:reason:)`` when an applied step differs
    ///   from ours or a new one fails; the file is then as it was.
    func migrate(_ migrations: [Migration]) throws(DatabaseError) {
        try run("begin immediate")
        do throws(DatabaseError) {
            try applyMissing(migrations.sorted { $0.number < $1.number })
            try run("commit")
        } catch {
            if !isIdle { try? run("rollback") }
            throw error
        }
    }

    private func applyMissing(_ migrations: [Migration]) throws(DatabaseError) {
        var known: [Int: Migration] = [:]
        for migration in migrations {
            guard known.updateValue(migration, forKey: migration.number) == nil else {
                throw .migration(number: migration.number, reason: "the number is used twice")
            }
        }
        try run(
            """
            create table if not exists sluice_migrations (
                number integer primary key,
                name text not null,
                checksum text not null,
                applied_at bigint not null)
            """)
        let applied = try appliedMigrations()
        for (number, name, checksum) in applied {
            guard let migration = known[number] else { throw .newer(number: number, name: name) }
            guard migration.name == name, migration.checksum == checksum else {
                throw .migration(
                    number: number, reason: "\"\(name)\" was applied in another form than ours")
            }
        }
        let numbers = Set(applied.map(\.number))
        for migration in migrations where !numbers.contains(migration.number) {
            try apply(migration)
        }
    }

    private func appliedMigrations() throws(DatabaseError) -> [(
        number: Int, name: String, checksum: String
    )] {
        var rows: [(number: Int, name: String, checksum: String)] = []
        do {
            try forEach(
                "select number, name, checksum from sluice_migrations order by number",
                mayWrite: false
            ) { row in
                rows.append((try row.get(0), try row.get(1), try row.get(2)))
                return true
            }
        } catch {
            throw error as? DatabaseError ?? .corrupt("the table of migrations")
        }
        return rows
    }

    private func apply(_ migration: Migration) throws(DatabaseError) {
        do {
            try run(migration.sql)
            guard !isIdle else {
                throw DatabaseError.misuse("it ends the transaction that it runs in")
            }
            let applied: SQL = """
                insert into sluice_migrations (number, name, checksum, applied_at)
                values (\(migration.number), \(migration.name), \(migration.checksum),
                    \(Timestamp.now))
                """
            try forEach(applied, mayWrite: true) { _ in true }
        } catch {
            guard let error = error as? DatabaseError else {
                throw .migration(number: migration.number, reason: "\(error)")
            }
            switch error {
            case .full, .busy, .inputOutput: throw error
            default: throw .migration(number: migration.number, reason: "\(error)")
            }
        }
    }
}
