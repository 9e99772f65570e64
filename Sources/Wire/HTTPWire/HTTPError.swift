/// Why a peer's bytes are not HTTP that we take. Each maps to one status, after which the
/// connection is closed.
public enum HTTPError: Error, Equatable, Sendable {
    /// Not HTTP, or ambiguous in a way that could smuggle a request.
    case malformed(String)
    case requestLineTooLong
    case headerTooLarge
    case versionNotSupported
    /// A transfer coding other than chunked.
    case codingNotSupported
    case expectationFailed
    case bodyTooLarge
    case timedOut
    /// The peer went away in the middle.
    case truncated

    public var status: Status {
        switch self {
        case .malformed, .truncated: .badRequest
        case .requestLineTooLong: .uriTooLong
        case .headerTooLarge: .headerFieldsTooLarge
        case .versionNotSupported: .httpVersionNotSupported
        case .codingNotSupported: .notImplemented
        case .expectationFailed: .expectationFailed
        case .bodyTooLarge: .contentTooLarge
        case .timedOut: .requestTimeout
        }
    }

    /// One sentence for the peer.
    public var detail: String {
        switch self {
        case .malformed(let what): what
        case .requestLineTooLong: "The request line is too long."
        case .headerTooLarge: "The header fields are too many or too large."
        case .versionNotSupported: "Only HTTP/1.0 and HTTP/1.1 are spoken here."
        case .codingNotSupported: "The only transfer coding taken is chunked."
        case .expectationFailed: "The only expectation met is 100-continue."
        case .bodyTooLarge: "The body is larger than allowed."
        case .timedOut: "The request took too long to arrive."
        case .truncated: "The request ended before its time."
        }
    }
}
