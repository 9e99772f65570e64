internal import Base
public import Contracts
public import HTTP
internal import HTTPWire

extension Accounts: Authenticating {
    public func principal(for request: Request) async throws -> Principal? {
        try await session(for: request)?.account.principal
    }

    /// The account and the session behind a request. A header counts before a cookie, and must be
    /// good; a cookie of a session that ended is as none, so that public pages keep working.
    func session(
        for request: Request
    ) async throws -> (account: Account, session: Identifier)? {
        if let header = request.headers["Authorization"] {
            guard let token = Self.bearerToken(header),
                let (account, session) = try await verify(token)
            else { throw AccountsError.invalidToken }
            return (account, session)
        }
        guard let token = SessionCookies.value(of: SessionCookies.access, in: request) else {
            return nil
        }
        guard let (account, session) = try await verify(token) else {
            // Its time is over but its session is not: say so, and the page renews it.
            if try await verify(token, grace: settings.refreshLifetime) != nil {
                throw AccountsError.invalidToken
            }
            return nil
        }
        try requireSameOrigin(request)
        return (account, session)
    }

    /// Refuses an unsafe request that another site may have made the browser send.
    func requireSameOrigin(_ request: Request) throws(Problem) {
        let rule = SameOrigin(publicOrigin: settings.publicOrigin)
        guard rule.allows(request) else {
            throw Problem.forbidden("The request comes from another site.")
        }
    }

    /// The token of `Bearer <token>` (RFC 6750 section 2.1).
    static func bearerToken(_ header: String) -> Substring? {
        let parts = header.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, AccountRules.folded(String(parts[0])) == "bearer" else {
            return nil
        }
        return parts[1]
    }
}
