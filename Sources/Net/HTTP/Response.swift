public import Base
public import HTTPWire
public import Ring

/// What a response carries.
public enum ResponseBody {
    case none
    case bytes(Bytes)
    /// `count` bytes of a file from `offset`, moved without being looked at.
    case file(File, offset: UInt64, count: UInt64)
    /// Several pieces, one after the other: a multipart answer.
    case pieces([ResponsePiece])
    /// Written piece by piece; chunked when the length is not known.
    case stream(contentLength: UInt64?, (BodyWriter) async throws -> Void)

    /// Bytes, when they are known before it is sent.
    public var contentLength: UInt64? {
        switch self {
        case .none: 0
        case .bytes(let bytes): UInt64(bytes.count)
        case .file(_, _, let count): count
        case .pieces(let pieces): pieces.reduce(0) { $0 + $1.count }
        case .stream(let length, _): length
        }
    }
}

/// A piece of a multipart answer.
public enum ResponsePiece {
    case bytes(Bytes)
    case file(File, offset: UInt64, count: UInt64)

    var count: UInt64 {
        switch self {
        case .bytes(let bytes): UInt64(bytes.count)
        case .file(_, _, let count): count
        }
    }
}

/// The answer to a request.
public struct Response {
    public var status: Status
    public var headers: Headers
    public var body: ResponseBody
    /// Whether the connection ends after it.
    public var closesConnection = false

    public init(
        status: Status = .ok, headers: Headers = Headers(), body: ResponseBody = .none
    ) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    public static var noContent: Response { Response(status: .noContent) }

    /// `value` as JSON in snake_case.
    public static func json(_ value: some Encodable, status: Status = .ok) throws -> Response {
        Response(
            status: status, headers: ["Content-Type": "application/json"],
            body: .bytes(try JSON.encode(value)))
    }

    public static func text(
        _ text: String, contentType: String = "text/plain; charset=utf-8", status: Status = .ok
    ) -> Response {
        Response(
            status: status, headers: ["Content-Type": contentType], body: .bytes(Bytes(text)))
    }

    public static func redirect(to location: String, status: Status = .found) -> Response {
        Response(status: status, headers: ["Location": location])
    }
}
