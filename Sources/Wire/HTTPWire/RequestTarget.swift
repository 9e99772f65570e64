/// The target of a request, decoded once (RFC 9112 section 3.2, RFC 3986).
struct RequestTarget {
    let path: String
    let query: Query

    /// Takes origin-form, absolute-form, and `*` for OPTIONS.
    init(_ target: String, method: Method, host: String?) throws(HTTPError) {
        var rest = target[...]
        if rest == "*" {
            guard method == .options else { throw .malformed("The target * is for OPTIONS only.") }
            path = "*"
            query = Query()
            return
        }
        if rest.utf8.first != 0x2F {
            rest = try Self.withoutAuthority(rest)
        }
        let mark = rest.utf8.firstIndex(of: 0x3F)
        let rawPath = rest[..<(mark ?? rest.endIndex)]
        guard let decoded = Self.decodedPath(rawPath) else {
            throw .malformed("The path is not well formed.")
        }
        path = decoded
        if let mark {
            guard let query = Query(parsing: rest[rest.index(after: mark)...]) else {
                throw .malformed("The query is not well formed.")
            }
            self.query = query
        } else {
            query = Query()
        }
    }

    /// `http://host/path` as proxies send it; the Host field rules, so the authority is dropped.
    private static func withoutAuthority(_ target: Substring) throws(HTTPError) -> Substring {
        for scheme in ["http://", "https://"] where target.hasPrefix(scheme) {
            let authority = target.dropFirst(scheme.count)
            guard let slash = authority.firstIndex(of: "/"), slash > authority.startIndex else {
                throw .malformed("The target has no path.")
            }
            return authority[slash...]
        }
        throw .malformed("The target must begin with a slash.")
    }

    /// Decodes each segment once. Nil for what could mean another path to somebody else: dot
    /// segments, an encoded slash, a backslash, NUL and controls, and invalid UTF-8.
    private static func decodedPath(_ raw: Substring) -> String? {
        if isPlain(raw) { return String(raw) }
        var out: [UInt8] = []
        var isFirst = true
        for segment in raw.split(separator: "/", omittingEmptySubsequences: false) {
            guard let bytes = PercentCoding.decode(segment, plusIsSpace: false) else { return nil }
            guard bytes != [0x2E], bytes != [0x2E, 0x2E],
                bytes.allSatisfy({ $0 != 0x2F && $0 != 0x5C && $0 >= 0x20 && $0 != 0x7F })
            else { return nil }
            if !isFirst { out.append(0x2F) }
            isFirst = false
            out.append(contentsOf: bytes)
        }
        return String(validating: out, as: UTF8.self)
    }

    /// Whether a path stands for itself: no escape, no backslash, no segment that begins with a dot.
    /// Looked at byte by byte, since every request comes through here.
    private static func isPlain(_ raw: Substring) -> Bool {
        var previous: UInt8 = 0
        for byte in raw.utf8 {
            if byte == 0x25 || byte == 0x5C || (byte == 0x2E && previous == 0x2F) { return false }
            previous = byte
        }
        return true
    }
}
