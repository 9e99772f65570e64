public import Base
public import Contracts
public import Database
internal import Synchronization

/// Accounts: who people are, how they sign in, and what they may do.
public final class Accounts: Sendable {
    /// What an operator decides.
    public struct Settings: Sendable {
        /// Whether anybody may register.
        public var isRegistrationOpen = true
        /// The origin under which browsers see the server, as `https://video.example`; nil for
        /// whatever the `Host` header says.
        public var publicOrigin: String?
        /// How long an access token is good.
        public var accessLifetime: Duration = .seconds(15 * 60)
        /// How long a session lasts after its last refresh.
        public var refreshLifetime: Duration = .seconds(30 * 24 * 3600)
        /// How many passwords are hashed at once; each takes 19 MiB while it runs.
        public var hashesAtOnce = 2
        /// Uses the cheapest hash there is. For tests only.
        public var usesCheapHashes = false
        /// Wrong passwords in a row for one account, and how long one takes to be forgiven.
        public var accountAttempts = 10
        public var accountAttemptRefill: Duration = .seconds(30)
        /// The same for one network address.
        public var addressAttempts = 30
        public var addressAttemptRefill: Duration = .seconds(10)
        /// The clock.
        public var now: @Sendable () -> Timestamp = { .now }

        public init() {}
    }

    /// What somebody who signed in gets.
    public struct SignIn: Sendable {
        public let account: Account
        public let accessToken: String
        public let refreshToken: String
        /// How long ``accessToken`` is good.
        public let lifetime: Duration
    }

    static let issuer = "sluice"

    let settings: Settings
    let database: Database
    let keys: KeyRing
    let cost: PasswordHash.Cost
    private let threads: HashingThreads
    private let byAccount: AttemptLimiter
    private let byAddress: AttemptLimiter
    private let registrations: AttemptLimiter
    /// What is compared when there is no such account, so that the answer takes the same time.
    private let decoy: PasswordHash

    /// Opens Accounts on a database that has ``AccountMigrations``.
    public init(database: Database, settings: Settings = Settings()) async throws {
        self.database = database
        self.settings = settings
        cost = settings.usesCheapHashes ? .cheap : .standard
        keys = try await KeyRing(purpose: "access-token", database: database)
        threads = HashingThreads(concurrent: settings.hashesAtOnce, waitingMax: 64)
        byAccount = AttemptLimiter(
            .init(burst: settings.accountAttempts, refill: settings.accountAttemptRefill))
        byAddress = AttemptLimiter(
            .init(burst: settings.addressAttempts, refill: settings.addressAttemptRefill))
        registrations = AttemptLimiter(.init(burst: 20, refill: .seconds(60)))
        decoy = try PasswordHash(
            hashing: TextEncoding.hex(Cryptography.randomBytes(16)), cost: cost)
    }

    var now: Timestamp { settings.now() }

    /// Makes an account and signs it in.
    public func register(
        username: String, email: String, password: String, address: String
    ) async throws -> SignIn {
        guard settings.isRegistrationOpen else { throw AccountsError.registrationClosed }
        let account = try validated(username: username, email: email, password: password)
        if let wait = registrations.take(address, now: now) { throw Throttled(wait: wait) }
        let hash = try await hash(password)
        let token = SessionStore.RefreshToken()
        let (now, lifetime) = (now, settings.refreshLifetime)
        let session = try await database.write { transaction in
            try AccountStore.insert(account, password: hash, in: transaction)
            return try SessionStore.open(
                for: account.id, token: token, now: now, lifetime: lifetime, in: transaction)
        }
        return try signIn(account, session: session, refreshToken: token.text)
    }

    /// Checks a password and opens a session. `name` is a username or an e-mail address.
    public func logIn(name: String, password: String, address: String) async throws -> SignIn {
        let name = AccountRules.folded(name)
        guard name.utf8.count <= 254, password.utf8.count <= 1024 else {
            throw AccountsError.wrongCredentials
        }
        let (account, stored) = try await check(name: name, password: password, address: address)
        var renewed: PasswordHash?
        if stored.isOutdated(for: cost) { renewed = try await hash(password) }
        let token = SessionStore.RefreshToken()
        let (now, lifetime, newHash) = (now, settings.refreshLifetime, renewed)
        let session = try await database.write { transaction in
            if let newHash {
                try transaction.execute(
                    "update users set password_hash = \(newHash.text) where id = \(account.id)")
            }
            return try SessionStore.open(
                for: account.id, token: token, now: now, lifetime: lifetime, in: transaction)
        }
        return try signIn(account, session: session, refreshToken: token.text)
    }

    /// The account whose password this is. Attempts are taken before the check and given back when
    /// it succeeds, so that many guesses at once count as many.
    private func check(
        name: String, password: String, address: String
    ) async throws -> (Account, PasswordHash) {
        if let wait = byAddress.take(address, now: now) { throw Throttled(wait: wait) }
        if let wait = byAccount.take(name, now: now) {
            byAddress.giveBack(address)
            throw Throttled(wait: wait)
        }
        let found = try await AccountStore.credentials(name, in: database)
        let compared = found?.password ?? decoy
        let matches = try await compare(password, with: compared)
        guard let found, matches else { throw AccountsError.wrongCredentials }
        byAddress.giveBack(address)
        byAccount.giveBack(name)
        guard found.account.disabledAt == nil else { throw AccountsError.disabled }
        return found
    }

    /// Exchanges a refresh token for the next one.
    public func refresh(_ refreshToken: String) async throws -> SignIn {
        guard refreshToken.utf8.count <= 128 else { throw AccountsError.invalidToken }
        let next = SessionStore.RefreshToken()
        let (now, lifetime) = (now, settings.refreshLifetime)
        let rotation = try await database.write { transaction in
            try SessionStore.rotate(
                refreshToken, next: next, now: now, lifetime: lifetime, in: transaction)
        }
        switch rotation {
        case .renewed(let account, let session):
            return try signIn(account, session: session, refreshToken: next.text)
        case .reused(let session):
            Log.warning("refresh token used twice, session ended", ["session": "\(session)"])
            throw AccountsError.invalidToken
        case .refused:
            throw AccountsError.invalidToken
        }
    }

    /// Ends the session that `refreshToken` belongs to; an unknown token is no error.
    public func logOut(refreshToken: String) async throws {
        let now = now
        try await database.write { transaction in
            guard
                let session = try SessionStore.session(ofToken: refreshToken, in: transaction)
            else { return }
            try SessionStore.revoke(session: session, now: now, in: transaction)
        }
    }

    /// Ends one session.
    func logOut(session: Identifier) async throws {
        let now = now
        try await database.write { transaction in
            try SessionStore.revoke(session: session, now: now, in: transaction)
        }
    }

    /// Ends all sessions of `user`.
    public func logOutEverywhere(_ user: Identifier) async throws {
        let now = now
        try await database.write { transaction in
            try SessionStore.revokeAll(of: user, now: now, in: transaction)
        }
    }

    /// Changes the password after checking the old one, and ends the user's other sessions.
    func changePassword(
        of account: Account, session: Identifier, from old: String, to new: String, address: String
    ) async throws {
        if let reason = AccountRules.problem(password: new, username: account.username) {
            throw AccountsError.invalid([.init(field: "new_password", reason: reason)])
        }
        _ = try await check(name: account.username, password: old, address: address)
        let hash = try await hash(new)
        let now = now
        try await database.write { transaction in
            try transaction.execute(
                "update users set password_hash = \(hash.text) where id = \(account.id)")
            try SessionStore.revokeAll(of: account.id, except: session, now: now, in: transaction)
        }
    }

    /// Changes what is given; nil leaves a value as it is.
    func updateProfile(
        of id: Identifier, displayName: String?, colour: String?
    ) async throws -> Account {
        var violations: [AccountsError.Violation] = []
        if let displayName, let reason = AccountRules.problem(displayName: displayName) {
            violations.append(.init(field: "display_name", reason: reason))
        }
        if let colour, let reason = AccountRules.problem(colour: colour) {
            violations.append(.init(field: "colour", reason: reason))
        }
        guard violations.isEmpty else { throw AccountsError.invalid(violations) }
        let account = try await database.write { transaction in
            try transaction.execute(
                """
                update users set display_name = coalesce(\(displayName), display_name),
                    colour = coalesce(\(colour), colour)
                where id = \(id)
                """)
            return try transaction.first(
                "select \(sql: Account.columns) from users where id = \(id)"
            ) { try Account($0) }
        }
        guard let account else { throw AccountsError.unknownUser }
        return account
    }

    /// Forgets what expired. Call it now and then.
    public func sweep() async throws {
        let now = now
        try await database.write { transaction in
            try SessionStore.sweep(now: now, in: transaction)
        }
    }

    /// Compares a password on a thread of its own.
    func compare(_ password: String, with hash: PasswordHash) async throws -> Bool {
        try await threads.run { hash.matches(password) }
    }

    /// Hashes a password on a thread of its own.
    func hash(_ password: String) async throws -> PasswordHash {
        let cost = cost
        let hash = try await threads.run { try? PasswordHash(hashing: password, cost: cost) }
        guard let hash else { throw AccountsError.hashingFailed }
        return hash
    }

    /// A new account from values that follow the rules.
    func validated(
        username: String, email: String?, password: String, role: Role = .viewer,
        isReservedAllowed: Bool = false
    ) throws(AccountsError) -> Account {
        let name = AccountRules.folded(username)
        let mail = email.map(AccountRules.folded)
        var violations: [AccountsError.Violation] = []
        let reserved = isReservedAllowed
        if let reason = AccountRules.problem(username: name, isReservedAllowed: reserved) {
            violations.append(.init(field: "username", reason: reason))
        }
        if let mail, let reason = AccountRules.problem(email: mail) {
            violations.append(.init(field: "email", reason: reason))
        }
        if let reason = AccountRules.problem(password: password, username: name) {
            violations.append(.init(field: "password", reason: reason))
        }
        guard violations.isEmpty else { throw .invalid(violations) }
        return Account(
            id: Identifier(), username: name, email: mail, role: role, createdAt: now)
    }

    func signIn(
        _ account: Account, session: Identifier, refreshToken: String
    ) throws -> SignIn {
        let claims = JSONWebToken.Claims(
            issuer: Self.issuer, user: account.id, session: session, issued: now,
            lifetime: settings.accessLifetime)
        guard let key = keys.newest,
            let token = JSONWebToken.sign(claims, keyID: key.id, secret: key.secret)
        else { throw AccountsError.invalidToken }
        return SignIn(
            account: account, accessToken: token, refreshToken: refreshToken,
            lifetime: settings.accessLifetime)
    }

    /// Who `token` speaks for, or nil when it is not good (any more).
    ///
    /// - Parameter grace: For how long after its end the token is read all the same.
    func verify(
        _ token: some StringProtocol, grace: Duration = .zero
    ) async throws -> (Account, session: Identifier)? {
        let claims: JSONWebToken.Claims
        do {
            claims = try JSONWebToken.verify(
                token, issuer: Self.issuer, now: now, grace: grace,
                secret: { keys.secret($0) })
        } catch {
            Log.debug("token refused", ["reason": "\(error)"])
            return nil
        }
        let account = try await AccountStore.account(
            claims.sub, session: claims.sid, now: now, in: database)
        return account.map { ($0, claims.sid) }
    }
}

/// Too many attempts; try again after `wait`.
struct Throttled: Error, Equatable {
    let wait: Duration
}

extension Accounts: UserDirectory {
    public func users(_ ids: [Identifier]) async throws -> [Identifier: PublicUser] {
        guard !ids.isEmpty else { return [:] }
        let users = try await database.read { reader in
            try reader.query(
                "select \(sql: Account.columns) from users where users.id in \(list: ids)"
            ) { try Account($0).publicUser }
        }
        return Dictionary(users.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }
}
