public import Base

/// How the end of a body is known (RFC 9112 section 6).
public enum BodyFraming: Equatable, Sendable {
    case none
    case length(UInt64)
    case chunked
}

/// The head of a request, checked.
public struct RequestHead: Sendable {
    public let method: Method
    /// As it was sent: path and query.
    public let target: String
    /// Percent-decoded and free of dot segments.
    public let path: String
    public let query: Query
    public let headers: Headers
    public let framing: BodyFraming
    /// Whether the connection may carry another request.
    public let keepsAlive: Bool
    /// Whether the client waits for `100 Continue`.
    public let expectsContinue: Bool
    /// HTTP/1.1, and not 1.0.
    public let isVersion11: Bool

    /// What a head may weigh.
    public struct Limits: Sendable {
        public var lineBytesMax = 8192
        public var headBytesMax = 32_768
        public var fieldsMax = 100

        public init() {}
    }

    /// Parses a whole head, from the method to the empty line.
    ///
    /// Strict by RFC 9112: lines end in CRLF, no folding, no space before a colon, one Host, and a
    /// length that cannot be read in two ways.
    public static func parse(
        _ head: Bytes, limits: Limits = Limits()
    ) throws(HTTPError) -> RequestHead {
        var scanner = HeadScanner(head: head, limits: limits)
        let line = try scanner.requestLine()
        let parsed = try scanner.fields()
        let headers = Headers(head: head, parsed: parsed.fields)
        let target = try RequestTarget(
            line.target, method: line.method, host: headers["Host"])
        let facts = parsed.facts
        if line.isVersion11 && facts.hostCount != 1 {
            throw .malformed("A request needs exactly one Host.")
        }
        if facts.hostCount > 1 { throw .malformed("A request needs exactly one Host.") }
        let framing = try facts.framing(isVersion11: line.isVersion11)
        return RequestHead(
            method: line.method, target: line.target, path: target.path, query: target.query,
            headers: headers, framing: framing,
            keepsAlive: facts.keepsAlive(isVersion11: line.isVersion11),
            expectsContinue: facts.expectsContinue && line.isVersion11 && framing != .none,
            isVersion11: line.isVersion11)
    }
}

/// What the framing of a message depends on, gathered while its fields are read.
struct FramingFacts {
    var hostCount = 0
    var lengths: [UInt64] = []
    var isChunked = false
    var hasTransferCoding = false
    var hasClose = false
    var hasKeepAlive = false
    var expectsContinue = false

    func framing(isVersion11: Bool) throws(HTTPError) -> BodyFraming {
        if hasTransferCoding {
            // Both at once, or a coding in HTTP/1.0, is how requests are smuggled.
            guard lengths.isEmpty, isVersion11 else {
                throw .malformed("The length of the body is ambiguous.")
            }
            guard isChunked else { throw .codingNotSupported }
            return .chunked
        }
        guard let length = lengths.first else { return .none }
        guard lengths.count == 1 else {
            throw .malformed("The length of the body is ambiguous.")
        }
        return length == 0 ? .none : .length(length)
    }

    func keepsAlive(isVersion11: Bool) -> Bool {
        if hasClose { return false }
        return isVersion11 || hasKeepAlive
    }
}
