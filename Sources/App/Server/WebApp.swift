internal import Base
internal import CAssets
internal import HTTP
internal import HTTPWire

/// The web app, out of the binary: each file with an entity tag, text compressed once.
enum WebApp {
    private struct Asset: Sendable {
        let contentType: String
        let plain: Bytes
        let etag: String
        let gzip: Bytes?
        let brotli: Bytes?
    }

    /// Pages run only what we serve, and nobody frames them but ourselves.
    private static let contentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        + "media-src 'self' blob:; connect-src 'self'; frame-ancestors 'self'; "
        + "base-uri 'none'; form-action 'self'"

    static func addRoutes(to router: inout Router) {
        let assets = load()
        router.otherwise { request in
            let name = String(request.path.dropFirst())
            if let asset = assets[name] { return respond(asset, request) }
            // Addresses of pages live in the app; those of files and of the API do not.
            let looksLikeFile = name.split(separator: "/").last?.contains(".") == true
            guard !looksLikeFile, !name.hasPrefix("api/"), !name.hasPrefix("media/"),
                let page = assets["index.html"]
            else { throw Problem.notFound }
            return respond(page, request)
        }
    }

    private static func respond(_ asset: Asset, _ request: Request) -> Response {
        var bytes = asset.plain
        var etag = "\"\(asset.etag)\""
        var coding: ContentCoding?
        switch ContentCoding.preferred(by: request.headers["Accept-Encoding"]) {
        case .brotli?:
            if let brotli = asset.brotli { (bytes, coding) = (brotli, .brotli) }
        case .gzip?:
            if let gzip = asset.gzip { (bytes, coding) = (gzip, .gzip) }
        case nil: break
        }
        if let coding { etag = "\"\(asset.etag)-\(coding.rawValue)\"" }
        // Names do not change with contents, so browsers ask each time and get 304.
        var response = Response.content(
            bytes, request: request, contentType: asset.contentType, etag: etag,
            cacheControl: "no-cache")
        if asset.gzip != nil || asset.brotli != nil {
            response.headers.append("Vary", "Accept-Encoding")
        }
        if let coding { response.headers.append("Content-Encoding", coding.rawValue) }
        response.headers.append("Content-Security-Policy", contentSecurityPolicy)
        return response
    }

    private static func load() -> [String: Asset] {
        var assets: [String: Asset] = [:]
        for index in 0..<cassets_count() {
            var path: UnsafePointer<CChar>?
            var bytes: UnsafePointer<UInt8>?
            var length = 0
            unsafe cassets_at(index, &path, &bytes, &length)
            guard let path = unsafe path, let bytes = unsafe bytes else { continue }
            let name = unsafe String(cString: path)
            // Safe because: the bytes are constants of the binary.
            let plain = unsafe Bytes(staticMemory: bytes, count: length)
            assets[name] = asset(name, plain)
        }
        return assets
    }

    private static func asset(_ name: String, _ plain: Bytes) -> Asset {
        let type = contentType(of: name)
        let isText = ContentCoding.isWorthwhile(for: type) && plain.count > 512
        return Asset(
            contentType: type, plain: plain,
            etag: String(TextEncoding.hex(Cryptography.sha256(plain.array)).prefix(20)),
            gzip: isText ? ContentCoding.gzip.encode(plain, thorough: true) : nil,
            brotli: isText ? ContentCoding.brotli.encode(plain, thorough: true) : nil)
    }

    private static func contentType(of name: String) -> String {
        switch name.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "js": "text/javascript; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "json": "application/json"
        case "svg": "image/svg+xml"
        case "png": "image/png"
        case "webmanifest": "application/manifest+json"
        default: "application/octet-stream"
        }
    }
}
