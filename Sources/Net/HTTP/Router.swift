internal import Base
public import HTTPWire

/// Answers a request.
public typealias Handler = @Sendable (Request) async throws -> Response

/// What every request passes on its way in, and every response on its way out. Neither waits for
/// anything, so that passing costs next to nothing.
public struct Filter: Sendable {
    let before: (@Sendable (Request) throws -> Response?)?
    let after: (@Sendable (Request, inout Response) -> Void)?

    /// - Parameters:
    ///   - before: Answers in place of the route, throws a ``Problem``, or lets the request pass.
    ///   - after: Adds to a response, whoever made it.
    public init(
        before: (@Sendable (Request) throws -> Response?)? = nil,
        after: (@Sendable (Request, inout Response) -> Void)? = nil
    ) {
        self.before = before
        self.after = after
    }
}

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
    private var filters: [Filter] = []
    /// Patterns without names, found by one look-up.
    private var literals: [String: [Method: Route]] = [:]
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

    /// Adds a filter. Those added first see a request first.
    public mutating func use(_ filter: Filter) {
        filters.append(filter)
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
        let route = Route(names: names, handler: handler)
        node.routes[method] = route
        if names.isEmpty { literals[pattern, default: [:]][method] = route }
    }

    /// Answers `request`. Whatever a handler throws becomes a problem here.
    public func respond(to request: Request) async -> Response {
        var response: Response
        do {
            response = try await dispatch(request)
        } catch {
            response = Self.response(to: error, request)
        }
        for filter in filters { filter.after?(request, &response) }
        return response
    }

    /// What the client is told of an error; ours are logged.
    private static func response(to error: any Error, _ request: Request) -> Response {
        let problem: Problem
        switch error {
        case let known as Problem:
            return known.response
        case let wire as HTTPError:
            var response = wire.problem.response
            response.closesConnection = true
            return response
        case let convertible as any ProblemConvertible:
            problem = convertible.problem
        default:
            problem = .internalError
        }
        if problem.status.code >= 500 {
            Log.error(
                "a request failed",
                ["request": request.id, "path": request.path, "error": "\(error)"])
        }
        return problem.response
    }

    private func dispatch(_ request: Request) async throws -> Response {
        for filter in filters {
            if let response = try filter.before?(request) { return response }
        }
        if let routes = literals[request.path] {
            guard let route = routes[request.method] ?? Self.getForHead(routes, request.method)
            else { return try Self.methodless(routes, request.method) }
            return try await route.handler(request)
        }
        var values: [Substring] = []
        guard let routes = find(Self.segments(request.path)[...], at: root, &values) else {
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

    /// What lies between the slashes, by bytes: the default is by characters, at ten times the cost.
    private static func segments(_ path: String) -> [Substring] {
        path.utf8.dropFirst().split(separator: 0x2F, omittingEmptySubsequences: false)
            .map(Substring.init)
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
