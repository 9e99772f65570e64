internal import Base
internal import HTTP
internal import HTTPWire

/// The two cookies of the web app. Scripts cannot read them (HttpOnly), and other sites' forms
/// cannot send them with a POST (SameSite=Lax); ``SameOrigin`` is the second lock.
enum SessionCookies {
    static let access = "sluice_access"
    static let refresh = "sluice_refresh"
    /// The refresh cookie goes only where it is used.
    private static let refreshPath = "/api/auth"

    /// `Set-Cookie` values for `signIn`.
    static func setting(
        _ signIn: Accounts.SignIn, refreshLifetime: Duration, isSecure: Bool
    ) -> [String] {
        [
            // Kept beyond its token's end, so that an answer can tell an expired session from none.
            cookie(access, signIn.accessToken, path: "/", refreshLifetime, isSecure),
            cookie(refresh, signIn.refreshToken, path: refreshPath, refreshLifetime, isSecure),
        ]
    }

    /// `Set-Cookie` values that remove both.
    static func clearing(isSecure: Bool) -> [String] {
        [
            cookie(access, "", path: "/", .zero, isSecure),
            cookie(refresh, "", path: refreshPath, .zero, isSecure),
        ]
    }

    private static func cookie(
        _ name: String, _ value: String, path: String, _ age: Duration, _ isSecure: Bool
    ) -> String {
        let seconds = age.milliseconds / 1000
        return "\(name)=\(value); Path=\(path); Max-Age=\(seconds); HttpOnly; SameSite=Lax"
            + (isSecure ? "; Secure" : "")
    }

    /// The value of the cookie `name` in the request (RFC 6265 section 5.4).
    static func value(of name: String, in request: Request) -> String? {
        for header in request.headers.all("Cookie") {
            for pair in header.split(separator: ";").prefix(100) {
                guard let equals = pair.firstIndex(of: "=") else { continue }
                let key = pair[..<equals].drop { $0 == " " || $0 == "\t" }
                guard key == name else { continue }
                let value = pair[pair.index(after: equals)...]
                return value.isEmpty ? nil : String(value)
            }
        }
        return nil
    }
}

/// Whether a request came from our own pages, by what browsers say of it and scripts cannot forge.
struct SameOrigin {
    /// The origin that the operator set, as `https://video.example`.
    let publicOrigin: String?

    /// Whether the sender may use a cookie to change something.
    func allows(_ request: Request) -> Bool {
        switch request.method {
        case .get, .head, .options: return true
        default: break
        }
        if let site = request.headers["Sec-Fetch-Site"], site != "same-origin", site != "none" {
            return false
        }
        if let origin = request.headers["Origin"] { return isOwn(origin, request) }
        // A browser that sends neither is too old to be told from another site.
        return request.headers["Sec-Fetch-Site"] != nil
    }

    private func isOwn(_ origin: String, _ request: Request) -> Bool {
        if let publicOrigin, AccountRules.folded(publicOrigin) == AccountRules.folded(origin) {
            return true
        }
        guard let host = request.headers["Host"], !host.isEmpty else { return false }
        // A proxy in front may end TLS, so the scheme is not compared with ours.
        let origin = AccountRules.folded(origin)
        let own = AccountRules.folded(host)
        return origin == "https://" + own || origin == "http://" + own
    }
}
