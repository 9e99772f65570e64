internal import Base
internal import Contracts
internal import Database

/// Sessions: one for each sign-in. A session is a family of refresh tokens, of which only the
/// newest is good; one that was used before means that somebody copied it, and ends the session.
enum SessionStore {
    /// Sessions beyond this many end with the oldest.
    static let sessionsPerUserMax = 50

    /// What became of a refresh token.
    enum Rotation: Sendable {
        case renewed(Account, session: Identifier)
        case refused
        /// The token had been used: its session was revoked just now.
        case reused(session: Identifier)
    }

    /// A fresh refresh token and what is stored of it.
    struct RefreshToken: Sendable {
        let text: String
        var hash: String { Self.hash(text) }

        init() { text = TextEncoding.base64url(Cryptography.randomBytes(32)) }

        static func hash(_ text: String) -> String {
            TextEncoding.hex(Cryptography.sha256(Array(text.utf8)))
        }
    }

    /// Opens a session for `user` and stores its first refresh token.
    static func open(
        for user: Identifier, token: RefreshToken, now: Timestamp, lifetime: Duration,
        in transaction: Transaction
    ) throws -> Identifier {
        let session = Identifier(time: now)
        try transaction.execute(
            """
            insert into sessions (id, user_id, created_at, expires_at)
            values (\(session), \(user), \(now), \(now + lifetime))
            """)
        try add(token, to: session, now: now, lifetime: lifetime, in: transaction)
        try transaction.execute(
            """
            delete from sessions where user_id = \(user) and id not in (
                select id from sessions where user_id = \(user)
                order by id desc limit \(sessionsPerUserMax)
            )
            """)
        return session
    }

    private static func add(
        _ token: RefreshToken, to session: Identifier, now: Timestamp, lifetime: Duration,
        in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            insert into refresh_tokens (hash, session_id, created_at, expires_at)
            values (\(token.hash), \(session), \(now), \(now + lifetime))
            """)
    }

    /// Uses up `presented` and stores `next` in its place.
    static func rotate(
        _ presented: String, next: RefreshToken, now: Timestamp, lifetime: Duration,
        in transaction: Transaction
    ) throws -> Rotation {
        let hash = RefreshToken.hash(presented)
        let found = try transaction.first(
            """
            select session_id, user_id, used_at is not null or revoked_at is not null,
                refresh_tokens.expires_at
            from refresh_tokens join sessions on sessions.id = session_id
            where hash = \(hash)
            """
        ) { row in
            (
                session: try row.get(0, as: Identifier.self),
                user: try row.get(1, as: Identifier.self),
                isSpent: try row.get(2, as: Bool.self),
                expires: try row.get(3, as: Timestamp.self)
            )
        }
        guard let found else { return .refused }
        if found.isSpent {
            try revoke(session: found.session, now: now, in: transaction)
            return .reused(session: found.session)
        }
        let account = try transaction.first(
            """
            select \(sql: Account.columns) from users
            where users.id = \(found.user) and disabled_at is null
            """
        ) { try Account($0) }
        guard let account, found.expires > now else { return .refused }
        try transaction.execute(
            "update refresh_tokens set used_at = \(now) where hash = \(hash)")
        try transaction.execute(
            "update sessions set expires_at = \(now + lifetime) where id = \(found.session)")
        try add(next, to: found.session, now: now, lifetime: lifetime, in: transaction)
        return .renewed(account, session: found.session)
    }

    /// The session that a refresh token belongs to, good or spent.
    static func session(
        ofToken token: String, in transaction: Transaction
    ) throws -> Identifier? {
        try transaction.first(
            "select session_id from refresh_tokens where hash = \(RefreshToken.hash(token))"
        ) { try $0.get(0) }
    }

    static func revoke(session: Identifier, now: Timestamp, in transaction: Transaction) throws {
        try transaction.execute(
            """
            update sessions set revoked_at = \(now) where id = \(session) and revoked_at is null
            """)
    }

    /// Ends all sessions of `user` but `kept`.
    static func revokeAll(
        of user: Identifier, except kept: Identifier? = nil, now: Timestamp,
        in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            update sessions set revoked_at = \(now)
            where user_id = \(user) and revoked_at is null and id <> \(kept?.description ?? "")
            """)
    }

    /// Forgets sessions that ended, and spent tokens that expired.
    static func sweep(now: Timestamp, in transaction: Transaction) throws {
        try transaction.execute("delete from sessions where expires_at <= \(now)")
        try transaction.execute("delete from refresh_tokens where expires_at <= \(now)")
    }
}
