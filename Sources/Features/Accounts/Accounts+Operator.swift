internal import Base
public import Contracts
internal import Database

/// What the operator does from the command line.
extension Accounts {
    /// Makes an account, an administrator's when `isAdmin`.
    public func addUser(
        name: String, email: String?, isAdmin: Bool, password: String
    ) async throws -> Account {
        let account = try validated(
            username: name, email: email, password: password, role: isAdmin ? .admin : .viewer,
            isReservedAllowed: true)
        let hash = try await hash(password)
        try await database.write { transaction in
            try AccountStore.insert(account, password: hash, in: transaction)
        }
        return account
    }

    /// Sets a new password and ends all sessions.
    public func setPassword(of name: String, to password: String) async throws {
        let account = try await named(name)
        if let reason = AccountRules.problem(password: password, username: account.username) {
            throw AccountsError.invalid([.init(field: "password", reason: reason)])
        }
        let hash = try await hash(password)
        let now = now
        try await database.write { transaction in
            try transaction.execute(
                "update users set password_hash = \(hash.text) where id = \(account.id)")
            try SessionStore.revokeAll(of: account.id, now: now, in: transaction)
        }
    }

    /// All accounts, oldest first; at most `limit`.
    public func list(limit: Int = 10_000) async throws -> [Account] {
        try await database.read { reader in
            try reader.query(
                "select \(sql: Account.columns) from users order by users.id limit \(limit)"
            ) { try Account($0) }
        }
    }

    /// Switches an account off: it cannot sign in, and what it holds stops working at once.
    public func disable(_ name: String) async throws {
        let account = try await named(name)
        let now = now
        try await database.write { transaction in
            try transaction.execute(
                "update users set disabled_at = \(now) where id = \(account.id)")
            try SessionStore.revokeAll(of: account.id, now: now, in: transaction)
        }
    }

    /// Switches an account on again.
    public func enable(_ name: String) async throws {
        let account = try await named(name)
        try await database.write { transaction in
            try transaction.execute(
                "update users set disabled_at = null where id = \(account.id)")
        }
    }

    /// Changes what an account may do.
    public func setRole(of name: String, to role: Role) async throws {
        let account = try await named(name)
        try await database.write { transaction in
            try transaction.execute(
                "update users set role = \(role.rawValue) where id = \(account.id)")
        }
    }

    /// The account called `name`.
    public func named(_ name: String) async throws -> Account {
        let name = AccountRules.folded(name)
        guard let account = try await AccountStore.account(named: name, in: database) else {
            throw AccountsError.unknownUser
        }
        return account
    }
}
