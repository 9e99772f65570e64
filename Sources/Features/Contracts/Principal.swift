public import Base
public import HTTP

/// Who a request speaks for.
public struct Principal: Hashable, Sendable {
    public let userID: Identifier
    public let username: String
    public let role: Role

    public init(userID: Identifier, username: String, role: Role) {
        self.userID = userID
        self.username = username
        self.role = role
    }

    /// Whether this is `owner`, or somebody who looks after the whole server.
    public func mayManage(ownedBy owner: Identifier) -> Bool {
        userID == owner || role == .admin
    }
}

/// Finds out who sends a request. Accounts is behind it; the other features see only this.
public protocol Authenticating: Sendable {
    /// The sender, or nil when the request carries no credentials.
    ///
    /// - Throws: 401 for credentials that are wrong, expired or revoked; 403 for an unsafe request
    ///   whose cookie came along from another site.
    func principal(for request: Request) async throws -> Principal?
}

extension Authenticating {
    /// The sender, who must have signed in and hold `role` or more.
    ///
    /// - Throws: 401 when nobody signed in, 403 when the role does not reach.
    public func require(_ role: Role = .viewer, for request: Request) async throws -> Principal {
        guard let principal = try await principal(for: request) else {
            throw Problem.unauthorized("Sign in to do this.")
        }
        guard principal.role >= role else {
            throw Problem.forbidden("This needs the role \(role.rawValue).")
        }
        return principal
    }
}
