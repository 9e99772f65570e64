public import Base
internal import FoundationEssentials

/// Access tokens: JSON Web Tokens (RFC 7519) signed with HMAC-SHA-256, and nothing else. The
/// algorithm is fixed, so that no token can choose a weaker one (RFC 8725 section 3.1).
public enum JSONWebToken {
    /// What a token says.
    public struct Claims: Equatable, Codable, Sendable {
        /// Who made it.
        public let iss: String
        /// The user.
        public let sub: Identifier
        /// The session (family of refresh tokens) that it belongs to.
        public let sid: Identifier
        /// Seconds since 1970: made at, not before, expires at.
        public let iat: Int64
        public let nbf: Int64
        public let exp: Int64

        public init(
            issuer: String, user: Identifier, session: Identifier, issued: Timestamp,
            lifetime: Duration
        ) {
            iss = issuer
            sub = user
            sid = session
            iat = issued.seconds
            nbf = issued.seconds
            exp = (issued + lifetime).seconds
        }
    }

    /// Why a token is refused.
    public enum TokenError: Error, Equatable, Sendable {
        case malformed, unsupported, unknownKey, wrongSignature, wrongIssuer, notYetValid, expired
    }

    private struct Header: Codable {
        let alg: String
        let typ: String?
        let kid: String?
        let crit: [String]?
    }

    /// Longer tokens are not looked at.
    public static let bytesMax = 2048
    /// How far another machine's clock may be off.
    static let leewaySeconds: Int64 = 30

    /// Signs `claims` with the key `keyID`.
    public static func sign(_ claims: Claims, keyID: String, secret: [UInt8]) -> String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        guard
            let header = try? encoder.encode(
                Header(alg: "HS256", typ: "JWT", kid: keyID, crit: nil)),
            let payload = try? encoder.encode(claims)
        else { return nil }
        let body =
            TextEncoding.base64url(Array(header)) + "." + TextEncoding.base64url(Array(payload))
        let signature = Cryptography.hmacSHA256(key: secret, Array(body.utf8))
        return body + "." + TextEncoding.base64url(signature)
    }

    /// Checks `token` and gives what it says. Takes any text from outside.
    ///
    /// - Parameters:
    ///   - grace: For how long after its end a token still reads; it then proves nothing but that
    ///     there was a session to renew.
    ///   - secret: The key by a given id, or nil when there is none such.
    public static func verify(
        _ token: some StringProtocol, issuer: String, now: Timestamp, grace: Duration = .zero,
        secret: (String) -> [UInt8]?
    ) throws(TokenError) -> Claims {
        guard token.utf8.count <= bytesMax else { throw .malformed }
        let parts = token.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
        guard parts.count == 3,
            let headerBytes = TextEncoding.decodeBase64url(
                String(decoding: parts[0], as: UTF8.self)),
            let payloadBytes = TextEncoding.decodeBase64url(
                String(decoding: parts[1], as: UTF8.self)),
            let signature = TextEncoding.decodeBase64url(String(decoding: parts[2], as: UTF8.self)),
            let header = try? JSONDecoder().decode(Header.self, from: Data(headerBytes))
        else { throw .malformed }
        guard header.alg == "HS256", header.typ == nil || header.typ == "JWT", header.crit == nil
        else { throw .unsupported }
        guard let keyID = header.kid, let key = secret(keyID) else { throw .unknownKey }
        let signed = Array(parts[0]) + [0x2E] + Array(parts[1])
        let expected = Cryptography.hmacSHA256(key: key, signed)
        guard Cryptography.constantTimeEqual(expected, signature) else { throw .wrongSignature }
        // Only now, when we know that we wrote it, is the payload looked at.
        guard let claims = try? JSONDecoder().decode(Claims.self, from: Data(payloadBytes)) else {
            throw .malformed
        }
        guard claims.iss == issuer else { throw .wrongIssuer }
        guard claims.nbf <= now.seconds + leewaySeconds else { throw .notYetValid }
        let (end, overflow) = claims.exp.addingReportingOverflow(grace.milliseconds / 1000)
        guard overflow || now.seconds < end else { throw .expired }
        return claims
    }
}
