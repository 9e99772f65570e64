import Accounts
import Base
import Contracts
import Testing

@Suite("JSON Web Token") struct JSONWebTokenTests {
    let secret = Array("0123456789abcdef0123456789abcdef".utf8)
    let now = Timestamp(seconds: 1_790_000_000)

    private func claims(_ lifetime: Duration = .seconds(900)) -> JSONWebToken.Claims {
        JSONWebToken.Claims(
            issuer: "sluice", user: Identifier(), session: Identifier(), issued: now,
            lifetime: lifetime)
    }

    private func verify(
        _ token: String, at time: Timestamp? = nil, issuer: String = "sluice"
    ) throws(JSONWebToken.TokenError) -> JSONWebToken.Claims {
        try JSONWebToken.verify(token, issuer: issuer, now: time ?? now) {
            $0 == "k1" ? secret : nil
        }
    }

    private func forge(_ header: String, _ payload: String) -> String {
        let body =
            TextEncoding.base64url(Array(header.utf8)) + "."
            + TextEncoding.base64url(Array(payload.utf8))
        return body + "."
            + TextEncoding.base64url(
                Cryptography.hmacSHA256(key: secret, Array(body.utf8)))
    }

    @Test func whatIsSignedVerifies() throws {
        let claims = claims()
        let token = try #require(JSONWebToken.sign(claims, keyID: "k1", secret: secret))
        #expect(try verify(token) == claims)
    }

    @Test func timesAndIssuerCount() throws {
        let token = try #require(JSONWebToken.sign(claims(), keyID: "k1", secret: secret))
        #expect(throws: JSONWebToken.TokenError.expired) {
            try verify(token, at: now + .seconds(900))
        }
        #expect(throws: JSONWebToken.TokenError.notYetValid) {
            try verify(token, at: now + .seconds(-31))
        }
        #expect(throws: JSONWebToken.TokenError.wrongIssuer) {
            try verify(token, issuer: "other")
        }
        let other = try #require(JSONWebToken.sign(claims(), keyID: "k2", secret: secret))
        #expect(throws: JSONWebToken.TokenError.unknownKey) { try verify(other) }
    }

    @Test(arguments: [
        #"{"alg":"none","kid":"k1"}"#, #"{"alg":"HS512","kid":"k1"}"#,
        #"{"alg":"hs256","kid":"k1"}"#, #"{"alg":"RS256","kid":"k1"}"#,
        #"{"alg":"HS256","kid":"k1","typ":"JWE"}"#, #"{"alg":"HS256","kid":"k1","crit":["b64"]}"#,
    ])
    func otherAlgorithmsAreUnsupported(header: String) {
        #expect(throws: JSONWebToken.TokenError.unsupported) {
            try verify(forge(header, "{}"))
        }
    }

    @Test(arguments: [
        "", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", "é.é.é", "====.====.====",
    ])
    func malformedTokensAreRefused(token: String) {
        #expect(throws: JSONWebToken.TokenError.malformed) { try verify(token) }
    }

    @Test func wrongPayloadsAreRefused() {
        for payload in ["", "{}", "[]", "null", #"{"iss":"sluice"}"#, #"{"exp":"soon"}"#] {
            #expect(throws: JSONWebToken.TokenError.malformed) {
                try verify(forge(#"{"alg":"HS256","kid":"k1"}"#, payload))
            }
        }
        let long = String(repeating: "a", count: JSONWebToken.bytesMax + 1)
        #expect(throws: JSONWebToken.TokenError.malformed) { try verify(long) }
    }

    @Test func noCutAndNoChangeVerifies() throws {
        let token = try #require(JSONWebToken.sign(claims(), keyID: "k1", secret: secret))
        let bytes = Array(token.utf8)
        for end in bytes.indices {
            #expect(throws: JSONWebToken.TokenError.self) {
                try verify(String(decoding: bytes[..<end], as: UTF8.self))
            }
        }
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x01
            #expect(throws: JSONWebToken.TokenError.self) {
                try verify(String(decoding: changed, as: UTF8.self))
            }
        }
    }
}

@Suite("Page cursor") struct PageCursorTests {
    let cursor = PageCursor(
        list: "feed.new", position: -5, id: Identifier(), asOf: Timestamp(seconds: 1_790_000_000))

    @Test func readsWhatItWrote() {
        #expect(PageCursor(cursor.text, list: "feed.new") == cursor)
        #expect(PageCursor(cursor.text, list: "feed.hot") == nil)
    }

    @Test func cutsAreRefused() {
        let text = cursor.text
        for count in 0..<text.count {
            #expect(PageCursor(text.prefix(count), list: "feed.new") == nil)
        }
        for text in ["", "%%%", "AAAA", String(repeating: "A", count: 4_000)] {
            #expect(PageCursor(text, list: "feed.new") == nil)
        }
    }
}
