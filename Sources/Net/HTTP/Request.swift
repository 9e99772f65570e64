public import Base
public import HTTPWire
public import Ring

/// A request on its way to a handler.
public struct Request {
    public let head: RequestHead
    public let body: RequestBody
    /// Who sent it: the peer of the connection.
    public let peer: SocketAddress
    /// Whether it came over TLS.
    public let isSecure: Bool
    /// Names it in logs and in `X-Request-Id`.
    public let id: String
    /// What the route's pattern took from the path.
    public internal(set) var parameters: [(name: String, value: String)] = []
    /// Overrides the method, for `X-HTTP-Method-Override`.
    public var methodOverride: Method?

    public init(
        head: RequestHead, body: RequestBody, peer: SocketAddress, isSecure: Bool, id: String
    ) {
        self.head = head
        self.body = body
        self.peer = peer
        self.isSecure = isSecure
        self.id = id
    }

    public var method: Method { methodOverride ?? head.method }
    /// The decoded path.
    public var path: String { head.path }
    /// Path and query as they were sent.
    public var rawTarget: String { head.target }
    public var query: Query { head.query }
    public var headers: Headers { head.headers }

    /// What the route took for `name`, read as a `T`.
    ///
    /// - Throws: 404, since a path that does not read as an id names nothing.
    public func parameter<T: LosslessStringConvertible>(
        _ name: String, as type: T.Type = T.self
    ) throws(Problem) -> T {
        guard let text = parameters.first(where: { $0.name == name })?.value, let value = T(text)
        else { throw .notFound }
        return value
    }
}

extension Request {
    /// Builds a request without a connection, to be answered by ``Router/respond(to:)``.
    ///
    /// - Throws: ``HTTPError`` when method, target and headers do not make a proper head.
    public init(
        _ method: Method, _ target: String, headers: [(String, String)] = [],
        body: Bytes = Bytes(), peer: SocketAddress? = nil
    ) throws(HTTPError) {
        var text = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if !body.isEmpty { text += "Content-Length: \(body.count)\r\n" }
        let head = try RequestHead.parse(Bytes(text + "\r\n"))
        guard let peer = peer ?? SocketAddress(parsing: "127.0.0.1:40000") else {
            throw .malformed("no peer")
        }
        self.init(
            head: head, body: RequestBody(bytes: body), peer: peer, isSecure: false,
            id: "direct")
    }
}
