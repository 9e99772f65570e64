internal import Base
public import HTTP
internal import HTTPWire

extension AccountsError: ProblemConvertible {
    /// What the client is told.
    public var problem: Problem {
        switch self {
        case .wrongCredentials:
            return .unauthorized("The name or the password is wrong.")
        case .disabled:
            return .forbidden("This account is switched off.")
        case .invalidToken:
            var problem = Problem.unauthorized("The token is not valid; sign in again.")
            problem.headers["WWW-Authenticate"] = "Bearer error=\"invalid_token\""
            return problem
        case .taken(let fields):
            var problem = Problem.conflict("Somebody else has that name or address.")
            problem.errors = fields.map { FieldError(field: $0, detail: "is taken") }
            return problem
        case .invalid(let violations):
            return .unprocessable(
                violations.map { FieldError(field: $0.field, detail: $0.reason) })
        case .registrationClosed:
            return .forbidden("New accounts are made by the administrator.")
        case .unknownUser:
            return .notFound
        case .setupDone:
            return .forbidden("This set-up link is not valid, or was used already.")
        case .busy, .hashingFailed:
            return Problem(
                .serviceUnavailable, "Too many people sign in right now; try again soon.",
                headers: ["Retry-After": "2"])
        }
    }
}

extension Throttled: ProblemConvertible {
    var problem: Problem { .tooManyRequests(retryAfter: wait) }
}
