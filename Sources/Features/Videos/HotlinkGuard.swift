internal import HTTP
internal import HTTPWire

/// Whether a page may embed our media, by the `Origin` or the `Referer` that browsers send. It
/// keeps honest sites honest; the signature is what protects a film.
struct HotlinkGuard: Sendable {
    /// Hosts that may embed, lower-case, as `example.org`, or `*.example.org` for all below it;
    /// empty for all.
    let hosts: [String]

    /// Whether the page named by the request may have the media. Players outside a browser name no
    /// page and are let through.
    func allows(_ request: Request) -> Bool {
        guard !hosts.isEmpty else { return true }
        guard let page = request.headers["Origin"] ?? request.headers["Referer"] else {
            return true
        }
        guard let host = Self.host(of: page) else { return false }
        if let own = request.headers["Host"], Self.withoutPort(own.lowercased()) == host {
            return true
        }
        return hosts.contains { matches(host, $0) }
    }

    private func matches(_ host: String, _ pattern: String) -> Bool {
        guard pattern.hasPrefix("*.") else { return host == pattern }
        return host.hasSuffix(pattern.dropFirst())
    }

    /// The host of an http(s) address, lower-case and without its port; nil for anything else.
    static func host(of address: String) -> String? {
        let address = address.lowercased()
        for scheme in ["https://", "http://"] where address.hasPrefix(scheme) {
            let rest = address.dropFirst(scheme.count)
            let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
            // Nobody puts a user name into an honest Referer.
            guard !authority.isEmpty, !authority.contains("@") else { return nil }
            return withoutPort(String(authority))
        }
        return nil
    }

    private static func withoutPort(_ authority: String) -> String {
        if authority.hasPrefix("[") {
            return String(authority.prefix { $0 != "]" }) + "]"
        }
        return String(authority.prefix { $0 != ":" })
    }
}
