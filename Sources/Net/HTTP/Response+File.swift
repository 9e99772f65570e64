public import Base
internal import HTTPWire
public import Ring

extension Response {
    /// `file` with all that a client may ask of it: HEAD, ranges, conditions.
    ///
    /// - Parameters:
    ///   - size: Its length in bytes.
    ///   - etag: A strong entity tag with its quotes.
    ///   - modified: When it last changed.
    public static func file(
        _ file: File, size: UInt64, request: Request, contentType: String, etag: String?,
        modified: Timestamp? = nil, cacheControl: String
    ) -> Response {
        conditional(
            request: request, size: size, contentType: contentType, etag: etag,
            modified: modified, cacheControl: cacheControl
        ) { range in
            .file(file, offset: range.lowerBound, count: UInt64(range.count))
        }
    }

    /// Bytes in memory, likewise.
    public static func content(
        _ bytes: Bytes, request: Request, contentType: String, etag: String?,
        modified: Timestamp? = nil, cacheControl: String
    ) -> Response {
        conditional(
            request: request, size: UInt64(bytes.count), contentType: contentType, etag: etag,
            modified: modified, cacheControl: cacheControl
        ) { range in
            .bytes(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
        }
    }

    private static func conditional(
        request: Request, size: UInt64, contentType: String, etag: String?,
        modified: Timestamp?, cacheControl: String, piece: (Range<UInt64>) -> ResponsePiece
    ) -> Response {
        var response = Response()
        response.headers.append("Content-Type", contentType)
        response.headers.append("Cache-Control", cacheControl)
        response.headers.append("Accept-Ranges", "bytes")
        if let etag { response.headers.append("ETag", etag) }
        if let modified {
            response.headers.append("Last-Modified", HTTPDate.format(modified))
        }
        switch Preconditions.evaluate(
            request.headers, method: request.method, etag: etag, modified: modified)
        {
        case .failed:
            return Problem(.preconditionFailed, "The file is not as you expected.").response
        case .notModified:
            response.status = .notModified
            return response
        case .proceed: break
        }
        let honours = Preconditions.honoursRange(request.headers, etag: etag, modified: modified)
        let header = request.method == .get && honours ? request.headers["Range"] : nil
        switch ByteRange.parse(header, size: size) {
        case .whole:
            response.body = piece(0..<size).body
        case .unsatisfiable:
            var problem = Problem(.rangeNotSatisfiable, "The file has \(size) bytes.")
            problem.headers["Content-Range"] = "bytes */\(size)"
            return problem.response
        case .parts(let ranges):
            response.status = .partialContent
            response.fill(ranges, size: size, contentType: contentType, piece: piece)
        }
        return response
    }

    /// One range as it is, several as `multipart/byteranges` (RFC 9110 section 14.6).
    private mutating func fill(
        _ ranges: [Range<UInt64>], size: UInt64, contentType: String,
        piece: (Range<UInt64>) -> ResponsePiece
    ) {
        if ranges.count == 1 {
            let range = ranges[0]
            headers.append(
                "Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)")
            body = piece(range).body
            return
        }
        let boundary = TextEncoding.hex(Cryptography.randomBytes(12))
        var pieces: [ResponsePiece] = []
        for range in ranges {
            pieces.append(
                .bytes(
                    Bytes(
                        "\r\n--\(boundary)\r\nContent-Type: \(contentType)\r\nContent-Range: "
                            + "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)\r\n\r\n")))
            pieces.append(piece(range))
        }
        pieces.append(.bytes(Bytes("\r\n--\(boundary)--\r\n")))
        headers["Content-Type"] = "multipart/byteranges; boundary=\(boundary)"
        body = .pieces(pieces)
    }
}

extension ResponsePiece {
    fileprivate var body: ResponseBody {
        switch self {
        case .bytes(let bytes): .bytes(bytes)
        case .file(let file, let offset, let count): .file(file, offset: offset, count: count)
        }
    }
}
