public import Base
public import HTTPWire

/// Signs and checks URLs, for everything that is handed out by link.
///
/// The signature is HMAC-SHA-256 over the method, the scope, the moment of expiry and further
/// values, under a key with an id, so that keys can be rotated. A scope is one path, or a prefix of
/// whole segments: then one query is good for a playlist and for all that it names.
public struct URLSigner: Sendable {
    /// A secret and the name it goes by in URLs.
    public struct Key: Sendable {
        public let id: String
        public let secret: [UInt8]

        public init(id: String, secret: [UInt8]) {
            self.id = id
            self.secret = secret
        }
    }

    /// Why a URL is refused.
    public enum Failure: Error, Equatable, Sendable, ProblemConvertible {
        /// No signature, or one that is not put together as it must be.
        case malformed
        case unknownKey
        case expired
        /// The signature is of something else.
        case altered

        public var problem: Problem {
            switch self {
            case .malformed: .forbidden("This URL needs a signature.")
            case .unknownKey: .forbidden("The key of this URL is not in use any more.")
            case .expired: .forbidden("This URL has expired.")
            case .altered: .forbidden("The signature of this URL does not match.")
            }
        }
    }

    private let keys: [Key]

    /// - Parameter keys: The first one signs, all of them verify. At least one.
    public init(keys: [Key]) {
        invariant(!keys.isEmpty, "a signer needs a key")
        self.keys = keys
    }

    /// The query that makes `path` good for `method` until `expires`.
    ///
    /// - Parameters:
    ///   - path: Decoded, as ``Request/path`` has it. With a slash at its end it is a prefix, and the
    ///     query is good for all beneath.
    ///   - method: `GET` covers HEAD too.
    ///   - extra: More that the signature is to cover, which the verifier knows.
    public func sign(
        path: String, method: Method = .get, expires: Timestamp, extra: [String] = []
    ) -> String {
        let segments = path.hasSuffix("/") ? path.split(separator: "/").count : 0
        let scope = segments > 0 ? "\(segments)" : "0"
        let signature = signature(
            keys[0], path: path, method: method, expires: expires.seconds, extra: extra)
        return "exp=\(expires.seconds)&kid=\(keys[0].id)&p=\(scope)&sig=\(signature)"
    }

    /// Checks the signature in `query` for `path`.
    ///
    /// - Throws: Why it is not good.
    public func verify(
        path: String, method: Method, query: Query, now: Timestamp = .now, extra: [String] = []
    ) throws(Failure) {
        guard let signed = SignedQuery(query) else { throw .malformed }
        guard let key = keys.first(where: { $0.id == signed.keyID }) else { throw .unknownKey }
        var scope = path
        if signed.segments > 0 {
            let parts = path.split(separator: "/", omittingEmptySubsequences: true)
            guard parts.count > signed.segments else { throw .altered }
            scope = "/" + parts.prefix(signed.segments).joined(separator: "/") + "/"
        }
        let expected = signature(
            key, path: scope, method: method == .head ? .get : method, expires: signed.expires,
            extra: extra)
        guard Cryptography.constantTimeEqual(Array(expected.utf8), Array(signed.signature.utf8))
        else { throw .altered }
        guard signed.expires > now.seconds else { throw .expired }
    }

    private func signature(
        _ key: Key, path: String, method: Method, expires: Int64, extra: [String]
    ) -> String {
        // Every part is preceded by its length, so that no two lists of parts read the same.
        var message = "sluice-url-1"
        for part in ["\(method)", path, "\(expires)"] + extra {
            message += "\n\(part.utf8.count):\(part)"
        }
        return TextEncoding.base64url(
            Cryptography.hmacSHA256(key: key.secret, Array(message.utf8)))
    }
}

/// The four fields of a signed query, strictly read.
public struct SignedQuery: Equatable, Sendable {
    public let expires: Int64
    public let keyID: String
    /// How many path segments the signature covers; 0 is the whole path.
    public let segments: Int
    public let signature: String

    /// Nil when a field is missing, given twice, or not of its form.
    public init?(_ query: Query) {
        for name in ["exp", "kid", "p", "sig"] where query.count(of: name) != 1 { return nil }
        guard let exp = query["exp"], let kid = query["kid"], let p = query["p"],
            let sig = query["sig"],
            exp.utf8.count <= 12, exp.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            let expires = Int64(exp), (1...32).contains(kid.utf8.count),
            p.utf8.count == 1, let segments = Int(p), (0...9).contains(segments),
            sig.utf8.count == 43
        else { return nil }
        self.expires = expires
        keyID = kid
        self.segments = segments
        signature = sig
    }
}
