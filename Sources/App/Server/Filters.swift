internal import Base
internal import HTTP
internal import HTTPWire
internal import Ring

/// What every request passes through.
enum Filters {
    static func add(to router: inout Router, configuration: Configuration) {
        router.use(securityHeaders)
        if !configuration.corsOrigins.isEmpty {
            router.use(crossOrigin(allowing: configuration.corsOrigins))
        }
        router.use(rateLimit(perSecond: configuration.requestsPerSecond))
    }

    /// Browsers are told to trust nothing but what we serve.
    private static let securityHeaders = Filter(after: { _, response in
        response.headers.append("X-Content-Type-Options", "nosniff")
        response.headers.append("Referrer-Policy", "strict-origin-when-cross-origin")
    })

    /// CORS for the API (Fetch standard, section 3.2). Media has rules of its own.
    private static func crossOrigin(allowing origins: [String]) -> Filter {
        let isAllowed: @Sendable (Request) -> Bool = { request in
            guard request.isForAPI, let origin = request.headers["Origin"] else { return false }
            return origins.contains("*") || origins.contains(origin)
        }
        return Filter { request in
            guard request.method == .options, isAllowed(request),
                request.headers["Access-Control-Request-Method"] != nil
            else { return nil }
            var response = Response.noContent
            response.headers.append(
                "Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
            response.headers.append(
                "Access-Control-Allow-Headers",
                request.headers["Access-Control-Request-Headers"] ?? "Content-Type")
            response.headers.append("Access-Control-Max-Age", "600")
            return response
        } after: { request, response in
            guard isAllowed(request), let origin = request.headers["Origin"] else { return }
            // Cookies are never allowed from elsewhere: other origins use Bearer tokens.
            response.headers["Access-Control-Allow-Origin"] = origins.contains("*") ? "*" : origin
            response.headers.append("Vary", "Origin")
            response.headers.append(
                "Access-Control-Expose-Headers",
                "Location, Upload-Offset, Upload-Length, Tus-Resumable, X-Request-Id")
        }
    }

    /// One address may call the API only so often.
    private static func rateLimit(perSecond rate: Int) -> Filter {
        let buckets = TokenBuckets(ratePerSecond: Double(rate), burst: Double(rate) * 10)
        return Filter(before: { request in
            if request.isForAPI, let wait = buckets.take(request.peer.limitKey) {
                throw Problem.tooManyRequests(retryAfter: wait)
            }
            return nil
        })
    }
}

extension Request {
    fileprivate var isForAPI: Bool { path.utf8.starts(with: "/api/".utf8) }
}
