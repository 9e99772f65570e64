public import Base

/// The conditions of a request (RFC 9110 section 13) against one representation.
public enum Preconditions {
    public enum Outcome: Equatable, Sendable {
        case proceed
        case notModified
        case failed
    }

    /// Evaluates in the order of section 13.2.2.
    ///
    /// - Parameters:
    ///   - etag: The strong entity tag with its quotes.
    ///   - modified: When the representation changed, if that is known.
    public static func evaluate(
        _ headers: Headers, method: Method, etag: String?, modified: Timestamp?
    ) -> Outcome {
        if let condition = headers["If-Match"] {
            if !matches(condition, etag, isWeak: false) { return .failed }
        } else if let since = headers["If-Unmodified-Since"].flatMap(HTTPDate.parse), let modified {
            if modified.seconds > since.seconds { return .failed }
        }
        let isRead = method == .get || method == .head
        if let condition = headers["If-None-Match"] {
            if matches(condition, etag, isWeak: true) { return isRead ? .notModified : .failed }
        } else if isRead, let modified,
            let since = headers["If-Modified-Since"].flatMap(HTTPDate.parse)
        {
            if modified.seconds <= since.seconds { return .notModified }
        }
        return .proceed
    }

    /// Whether a `Range` is to be honoured: always, unless `If-Range` names another state.
    public static func honoursRange(
        _ headers: Headers, etag: String?, modified: Timestamp?
    ) -> Bool {
        guard let condition = headers["If-Range"] else { return true }
        if condition.hasPrefix("\"") { return condition == etag }
        guard let moment = HTTPDate.parse(condition), let modified else { return false }
        return moment.seconds == modified.seconds
    }

    private static func matches(_ condition: String, _ etag: String?, isWeak: Bool) -> Bool {
        guard let etag else { return false }
        for part in condition.split(separator: ",").prefix(64) {
            var tag = part.drop { $0 == " " || $0 == "\t" }
            while tag.last == " " || tag.last == "\t" { tag.removeLast() }
            if tag == "*" { return true }
            if isWeak && tag.hasPrefix("W/") { tag = tag.dropFirst(2) }
            if tag == etag { return true }
        }
        return false
    }
}
