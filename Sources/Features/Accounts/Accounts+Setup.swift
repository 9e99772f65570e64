internal import Base
internal import Contracts
internal import Database

/// The first administrator, made through a link that works once.
extension Accounts {
    /// A fresh token for the set-up link, or nil when there is an administrator already. An older
    /// token stops working.
    public func makeSetupToken() async throws -> String? {
        let token = TextEncoding.base64url(Cryptography.randomBytes(24))
        let hash = SessionStore.RefreshToken.hash(token)
        let now = now
        let isOpen = try await database.write { transaction in
            try transaction.execute("delete from setup_links")
            guard try !Self.hasAdministrator(transaction) else { return false }
            try transaction.execute(
                "insert into setup_links (hash, created_at) values (\(hash), \(now))")
            return true
        }
        return isOpen ? token : nil
    }

    /// Whether the server still waits for its first administrator.
    public func needsSetup() async throws -> Bool {
        try await !AccountStore.hasAdministrator(in: database)
    }

    /// Uses the set-up link: makes the administrator and signs them in.
    func setUp(
        token: String, username: String, email: String?, password: String
    ) async throws -> SignIn {
        let account = try validated(
            username: username, email: email, password: password, role: .admin,
            isReservedAllowed: true)
        guard token.utf8.count <= 128 else { throw AccountsError.setupDone }
        let hash = SessionStore.RefreshToken.hash(token)
        // Looked at before the hash is made, so that a wrong link costs us nothing.
        let isKnown = try await database.read { reader in
            try reader.first("select 1 from setup_links where hash = \(hash)") { _ in true }
        }
        guard isKnown == true else { throw AccountsError.setupDone }
        let passwordHash = try await self.hash(password)
        let refreshToken = SessionStore.RefreshToken()
        let (now, lifetime) = (now, settings.refreshLifetime)
        let session = try await database.write { transaction in
            let used = try transaction.execute("delete from setup_links where hash = \(hash)")
            guard used == 1, try !Self.hasAdministrator(transaction) else {
                throw AccountsError.setupDone
            }
            try AccountStore.insert(account, password: passwordHash, in: transaction)
            return try SessionStore.open(
                for: account.id, token: refreshToken, now: now, lifetime: lifetime,
                in: transaction)
        }
        return try signIn(account, session: session, refreshToken: refreshToken.text)
    }

    private static func hasAdministrator(_ transaction: Transaction) throws -> Bool {
        try transaction.first(
            "select 1 from users where role = \(Role.admin.rawValue) limit 1"
        ) { _ in true } ?? false
    }
}
