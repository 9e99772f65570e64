internal import Base
internal import HTTP
internal import HTTPWire
internal import Ring

/// What every request passes through.
enum Middlewares {
    static func add(to router: inout Router, configuration: Configuration) {
        router.use(securityHeaders)
        router.use(crossOrigin(allowing: configuration.corsOrigins))
        router.use(rateLimit(perSecond: configuration.requestsPerSecond))
    }

    /// Browsers are told to trust nothing but what we serve.
    private static let securityHeaders: Middleware = { request, next in
        var response = try await next(request)
        response.headers.append("X-Content-Type-Options", "nosniff")
        response.headers.append("Referrer-Policy", "strict-origin-when-cross-origin")
        return response
    }

    /// CORS for the API (Fetch standard, section 3.2). Media has rules of its own.
    private static func crossOrigin(allowing origins: [String]) -> Middleware {
        { request, next in
            guard let origin = request.headers["Origin"], request.path.hasPrefix("/api/"),
                origins.contains("*") || origins.contains(origin)
            else { return try await next(request) }
            var response: Response
            if request.method == .options, request.headers["Access-Control-Request-Method"] != nil {
                response = .noContent
                response.headers.append(
                    "Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
                response.headers.append(
                    "Access-Control-Allow-Headers",
                    request.headers["Access-Control-Request-Headers"] ?? "Content-Type")
                response.headers.append("Access-Control-Max-Age", "600")
            } else {
                do {
                    response = try await next(request)
                } catch let problem as Problem {
                    response = problem.response
                }
            }
            // Cookies are never allowed from elsewhere: other origins use Bearer tokens.
            response.headers["Access-Control-Allow-Origin"] = origins.contains("*") ? "*" : origin
            response.headers.append("Vary", "Origin")
            response.headers.append(
                "Access-Control-Expose-Headers",
                "Location, Upload-Offset, Upload-Length, Tus-Resumable, X-Request-Id")
            return response
        }
    }

    /// One address may call the API only so often.
    private static func rateLimit(perSecond rate: Int) -> Middleware {
        let buckets = TokenBuckets(ratePerSecond: Double(rate), burst: Double(rate) * 10)
        return { request, next in
            if request.path.hasPrefix("/api/"), let wait = buckets.take(request.peer.limitKey) {
                throw Problem.tooManyRequests(retryAfter: wait)
            }
            return try await next(request)
        }
    }
}
