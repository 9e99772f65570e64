/// What goes wrong inside Accounts; mapped to problems once, at the routes.
public enum AccountsError: Error, Equatable, Sendable {
    /// No account by that name, or another password: one answer for both.
    case wrongCredentials
    /// The account was switched off.
    case disabled
    /// The token is malformed, altered, expired or revoked.
    case invalidToken
    /// Names that somebody else has: `username` or `email`.
    case taken([String])
    /// Values that do not follow the rules, as field and reason.
    case invalid([Violation])
    /// New accounts are made by an administrator only.
    case registrationClosed
    /// No such account.
    case unknownUser
    /// The set-up link was used already, or there is an administrator.
    case setupDone
    /// Too many passwords are being hashed.
    case busy
    /// The hash could not be made (no memory).
    case hashingFailed

    /// One value that does not follow the rules.
    public struct Violation: Equatable, Sendable {
        public let field: String
        public let reason: String
    }
}
