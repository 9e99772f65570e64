internal import Base
internal import Contracts
internal import Database

/// The statements on the table of users.
enum AccountStore {
    static func insert(
        _ account: Account, password: PasswordHash, in transaction: Transaction
    ) throws {
        do {
            try transaction.execute(
                """
                insert into users (
                    id, username, email, display_name, colour, password_hash, role, created_at
                ) values (
                    \(account.id), \(account.username), \(account.email), \(account.displayName),
                    \(account.colour), \(password.text), \(account.role.rawValue),
                    \(account.createdAt)
                )
                """)
        } catch DatabaseError.constraint(.unique(let columns)) {
            throw AccountsError.taken(columns.map { String($0.split(separator: ".").last ?? "") })
        }
    }

    /// The account and its password by username, or by e-mail address when `name` holds an `@`.
    static func credentials(
        _ name: String, in database: Database
    ) async throws -> (account: Account, password: PasswordHash)? {
        let condition: SQL =
            name.utf8.contains(0x40) ? "email = \(name)" : "username = \(name)"
        return try await database.read { reader in
            try reader.first(
                "select \(sql: Account.columns), password_hash from users where \(sql: condition)"
            ) { row in
                (try Account(row), PasswordHash(stored: try row.get(8)))
            }
        }
    }

    static func account(_ id: Identifier, in database: Database) async throws -> Account? {
        try await database.read { reader in
            try reader.first(
                "select \(sql: Account.columns) from users where users.id = \(id)"
            ) { try Account($0) }
        }
    }

    static func account(named name: String, in database: Database) async throws -> Account? {
        try await database.read { reader in
            try reader.first(
                "select \(sql: Account.columns) from users where username = \(name)"
            ) { try Account($0) }
        }
    }

    /// The account behind a session that is still good, in one look-up: this runs on every request
    /// that carries a token, so that a switched-off account or a closed session counts at once.
    static func account(
        _ user: Identifier, session: Identifier, now: Timestamp, in database: Database
    ) async throws -> Account? {
        try await database.read { reader in
            try reader.first(
                """
                select \(sql: Account.columns) from sessions
                join users on users.id = sessions.user_id
                where sessions.id = \(session) and users.id = \(user)
                    and revoked_at is null and disabled_at is null and expires_at > \(now)
                """
            ) { try Account($0) }
        }
    }

    static func hasAdministrator(in database: Database) async throws -> Bool {
        try await database.read { reader in
            try reader.first(
                "select 1 from users where role = \(Role.admin.rawValue) limit 1"
            ) { _ in true } ?? false
        }
    }
}
