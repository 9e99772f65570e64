internal import Base
public import HTTPWire

/// Answers a request.
public typealias Handler = @Sendable (Request) async throws -> Response

/// Looks at a request before, and at the response after, what comes next.
public typealias Middleware = @Sendable (Request, Handler) async throws -> Response

/// Finds the handler of a request by method and path.
///
/// A pattern is literal segments, `{name}` for one segment and `{name...}` at the end for the rest.
/// A literal beats a name. HEAD falls back to GET; OPTIONS and 405 answer by themselves.
public struct Router: Sendable {
    private struct Route: Sendable {
        let names: [String]
        let handler: Handler
    }

    /// One place in the tree of segments.
    private final class Node: @unchecked Sendable {
        // Safe because: changed only while routes are added, before the router is served.
        var literals: [String: Node] = [:]
        var any: Node?
        var rest: [Method: Route] = [:]
        var routes: [Method: Route] = [:]
    }

    private let root = Node()
    private var middlewares: [Middleware] = []
    private var fallback: Handler?

    public init() {}

    public mutating func get(_ pattern: String, _ handler: @escaping Handler) {
        add(.get, pattern, handler)
    }

    public mutating func head(_ pattern: String, _ handler: @escaping Handler) {
        add(.head, pattern, handler)
    }

    public mutating func post(_ pattern: String, _ handler: @escaping Handler) {
        add(.post, pattern, handler)
    }

    public mutating func put(_ pattern: String, _ handler: @escaping Handler) {
        add(.put, pattern, handler)
    }

    public mutating func patch(_ pattern: String, _ handler: @escaping Handler) {
        add(.patch, pattern, handler)
    }

    public mutating func delete(_ pattern: String, _ handler: @escaping Handler) {
        add(.delete, pattern, handler)
    }

    public mutating func options(_ pattern: String, _ handler: @escaping Handler) {
        add(.options, pattern, handler)
    }

    /// Adds a middleware inside of those added before.
    public mutating func use(_ middleware: @escaping Middleware) {
        middlewares.append(middleware)
    }

    /// Answers GET and HEAD of paths that no route knows: the pages of the web app.
    public mutating func otherwise(_ handler: @escaping Handler) {
        fallback = handler
    }

    /// Adds one route. A pattern that is there already is a mistake of ours.
    public mutating func add(_ method: Method, _ pattern: String, _ handler: @escaping Handler) {
        var node = root
        var names: [String] = []
        for segment in pattern.split(separator: "/") {
            if segment.hasSuffix("...}") {
                names.append(String(segment.dropFirst().dropLast(4)))
                invariant(node.rest[method] == nil, "two routes for \(method) \(pattern)")
                node.rest[method] = Route(names: names, handler: handler)
                return
            }
            if segment.hasPrefix("{") {
                names.append(String(segment.dropFirst().dropLast()))
                let next = node.any ?? Node()
                node.any = next
                node = next
            } else {
                let next = node.literals[String(segment)] ?? Node()
                node.literals[String(segment)] = next
                node = next
            }
        }
        invariant(node.routes[method] == nil, "two routes for \(method) \(pattern)")
        node.routes[method] = Route(names: names, handler: handler)
    }

    /// Answers `request`. Whatever a handler throws becomes a problem here.
    public func respond(to request: Request) async -> Response {
        do {
            return try await dispatch(request, through: middlewares[...])
        } catch let problem as Problem {
            return problem.response
        } catch let error as HTTPError {
            var response = error.problem.response
            response.closesConnection = true
            return response
        } catch let convertible as any ProblemConvertible {
            let problem = convertible.problem
            if problem.status.code >= 500 {
                Log.error(
                    "a request failed",
                    ["request": request.id, "path": request.path, "error": "\(convertible)"])
            }
            return problem.response
        } catch {
            Log.error(
                "a request failed",
                ["request": request.id, "path": request.path, "error": "\(error)"])
            return Problem.internalError.response
        }
    }

    private func dispatch(
        _ request: Request, through rest: ArraySlice<Middleware>
    ) async throws -> Response {
        guard let middleware = rest.first else { return try await route(request) }
        let router = self
        let remaining = rest.dropFirst()
        return try await middleware(request) { try await router.dispatch($0, through: remaining) }
    }

    private func route(_ request: Request) async throws -> Response {
        var values: [Substring] = []
        let segments = request.path.dropFirst().split(
            separator: "/", omittingEmptySubsequences: false)
        guard let routes = find(segments[...], at: root, &values) else {
            if let fallback, request.method == .get || request.method == .head {
                return try await fallback(request)
            }
            throw Problem.notFound
        }
        guard let route = routes[request.method] ?? Self.getForHead(routes, request.method) else {
            return try Self.methodless(routes, request.method)
        }
        var request = request
        request.parameters = zip(route.names, values).map { ($0, String($1)) }
        return try await route.handler(request)
    }

    private static func getForHead(_ routes: [Method: Route], _ method: Method) -> Route? {
        method == .head ? routes[.get] : nil
    }

    private func find(
        _ segments: ArraySlice<Substring>, at node: Node, _ values: inout [Substring]
    ) -> [Method: Route]? {
        guard let segment = segments.first else {
            return node.routes.isEmpty ? nil : node.routes
        }
        if segments.count == 1 && segment.isEmpty && node === root {
            return node.routes.isEmpty ? nil : node.routes
        }
        let rest = segments.dropFirst()
        if let next = node.literals[String(segment)], let found = find(rest, at: next, &values) {
            return found
        }
        if let next = node.any, !segment.isEmpty {
            values.append(segment)
            if let found = find(rest, at: next, &values) { return found }
            values.removeLast()
        }
        if !node.rest.isEmpty {
            values.append(Substring(segments.joined(separator: "/")))
            return node.rest
        }
        return nil
    }

    private static func methodless(
        _ routes: [Method: Route], _ method: Method
    ) throws -> Response {
        var allowed = Set(routes.keys.map(\.description))
        if routes[.get] != nil { allowed.insert("HEAD") }
        allowed.insert("OPTIONS")
        let list = allowed.sorted().joined(separator: ", ")
        if method == .options { return Response(status: .noContent, headers: ["Allow": list]) }
        throw Problem(
            .methodNotAllowed, "\(method) is not possible here.", headers: ["Allow": list])
    }
}

/// An error of a module that knows what to tell a client.
public protocol ProblemConvertible: Error {
    var problem: Problem { get }
}
