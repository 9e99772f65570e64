internal import Base
public import HTTPWire

/// What is wrong with one field of a request.
public struct FieldError: Sendable, Equatable, Encodable {
    public let field: String
    public let detail: String

    public init(field: String, detail: String) {
        self.field = field
        self.detail = detail
    }
}

/// An answer that is not what was hoped for, as `application/problem+json` (RFC 9457).
public struct Problem: Error, Sendable, Equatable {
    public var status: Status
    /// A URI that names the kind of problem; `about:blank` when the status says it all.
    public var type: String
    public var title: String
    /// One sentence for a person. Holds nothing secret.
    public var detail: String?
    public var errors: [FieldError]
    /// Fields that go with it, such as `Retry-After`.
    public var headers: [String: String]

    public init(
        _ status: Status, _ detail: String? = nil, type: String = "about:blank",
        title: String? = nil, errors: [FieldError] = [], headers: [String: String] = [:]
    ) {
        self.status = status
        self.type = type
        self.title = title ?? status.reason
        self.detail = detail
        self.errors = errors
        self.headers = headers
    }

    public static let notFound = Problem(.notFound, "There is nothing here.")

    public static func notFound(_ detail: String) -> Problem { Problem(.notFound, detail) }

    public static func badRequest(_ detail: String) -> Problem { Problem(.badRequest, detail) }

    public static func unauthorized(_ detail: String) -> Problem {
        Problem(.unauthorized, detail, headers: ["WWW-Authenticate": "Bearer"])
    }

    public static func forbidden(_ detail: String) -> Problem { Problem(.forbidden, detail) }

    public static func conflict(_ detail: String) -> Problem { Problem(.conflict, detail) }

    public static func gone(_ detail: String) -> Problem { Problem(.gone, detail) }

    public static func contentTooLarge(_ detail: String) -> Problem {
        Problem(.contentTooLarge, detail)
    }

    public static func unsupportedMediaType(_ detail: String) -> Problem {
        Problem(.unsupportedMediaType, detail)
    }

    public static func unprocessable(_ errors: [FieldError]) -> Problem {
        Problem(.unprocessableContent, "Some fields are not as they must be.", errors: errors)
    }

    public static func unprocessable(_ detail: String) -> Problem {
        Problem(.unprocessableContent, detail)
    }

    public static func tooManyRequests(retryAfter: Duration) -> Problem {
        let seconds = max(1, (retryAfter.milliseconds + 999) / 1000)
        return Problem(
            .tooManyRequests, "Too many requests; try again later.",
            headers: ["Retry-After": String(seconds)])
    }

    public static let insufficientStorage = Problem(
        .insufficientStorage, "The server has no room for this.")

    public static let internalError = Problem(
        .internalServerError, "Something went wrong here; it has been logged.")

    private struct Body: Encodable {
        let type: String
        let title: String
        let status: Int
        let detail: String?
        let errors: [FieldError]?
    }

    /// The response that tells it.
    public var response: Response {
        let body = Body(
            type: type, title: title, status: status.code, detail: detail,
            errors: errors.isEmpty ? nil : errors)
        var response = Response(status: status)
        response.headers.append("Content-Type", "application/problem+json")
        response.headers.append("Cache-Control", "no-store")
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            response.headers[name] = value
        }
        if let bytes = try? JSON.encode(body) { response.body = .bytes(bytes) }
        return response
    }
}

extension HTTPError {
    /// The same for people.
    var problem: Problem { Problem(status, detail) }
}
