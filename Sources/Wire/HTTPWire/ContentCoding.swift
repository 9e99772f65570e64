public import Base
internal import CBrotli
internal import CZlib

/// A content coding (RFC 9110 section 8.4.1) that text is sent in.
public enum ContentCoding: String, Sendable {
    case brotli = "br"
    case gzip

    /// The best coding that an `Accept-Encoding` header allows; nil is none.
    public static func preferred(by header: String?) -> ContentCoding? {
        guard let header else { return nil }
        var brotli = 0.0
        var gzip = 0.0
        for item in header.split(separator: ",").prefix(20) {
            let fields = item.split(separator: ";")
            guard let name = fields.first.map(Characters.trimmedLowercase) else { continue }
            var quality = 1.0
            for field in fields.dropFirst() {
                let text = Characters.trimmedLowercase(field)
                if text.hasPrefix("q=") { quality = Double(text.dropFirst(2)) ?? 0 }
            }
            switch name {
            case "br": brotli = quality
            case "gzip", "x-gzip": gzip = quality
            default: break
            }
        }
        if brotli > 0 && brotli >= gzip { return .brotli }
        return gzip > 0 ? .gzip : nil
    }

    /// Whether bodies of this type shrink.
    public static func isWorthwhile(for contentType: String) -> Bool {
        contentType.hasPrefix("text/") || contentType.hasPrefix("application/json")
            || contentType.hasPrefix("application/problem+json")
            || contentType.hasPrefix("application/javascript")
            || contentType.hasPrefix("application/vnd.apple.mpegurl")
            || contentType.hasPrefix("image/svg+xml")
            || contentType.hasPrefix("application/manifest+json")
    }

    /// Encodes the whole of `bytes`; nil when the library fails.
    ///
    /// - Parameter thorough: Spend time on size, for what is compressed once and served often.
    public func encode(_ bytes: Bytes, thorough: Bool = false) -> Bytes? {
        switch self {
        case .brotli: Self.brotli(bytes, quality: thorough ? 11 : 4)
        case .gzip: Self.gzip(bytes, level: thorough ? 9 : 5)
        }
    }

    private static func brotli(_ bytes: Bytes, quality: Int32) -> Bytes? {
        let bound = BrotliEncoderMaxCompressedSize(bytes.count)
        guard bound > 0 else { return nil }
        var isDone = false
        let out = unsafe Bytes(capacity: bound) { target in
            var count = target.count
            let status = unsafe bytes.withUnsafeBytes { source in
                unsafe BrotliEncoderCompress(
                    quality, 20, BROTLI_MODE_TEXT, source.count,
                    source.baseAddress?.assumingMemoryBound(to: UInt8.self), &count,
                    target.baseAddress?.assumingMemoryBound(to: UInt8.self))
            }
            isDone = status != 0
            return isDone ? count : 0
        }
        return isDone ? out : nil
    }

    private static func gzip(_ bytes: Bytes, level: Int32) -> Bytes? {
        var stream = unsafe z_stream()
        let version = ZLIB_VERSION
        let size = unsafe Int32(MemoryLayout<z_stream>.size)
        // 31: a window of 32 KiB and a gzip header.
        guard
            unsafe deflateInit2_(
                &stream, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, version, size) == Z_OK
        else { return nil }
        defer { unsafe deflateEnd(&stream) }
        var isDone = false
        let bound = unsafe Int(deflateBound(&stream, UInt(bytes.count)))
        let out = unsafe Bytes(capacity: bound) { target in
            unsafe bytes.withUnsafeBytes { source in
                unsafe stream.next_in = unsafe UnsafeMutablePointer(
                    mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self))
                unsafe stream.avail_in = UInt32(source.count)
                unsafe stream.next_out = unsafe target.baseAddress?.assumingMemoryBound(
                    to: UInt8.self)
                unsafe stream.avail_out = UInt32(target.count)
                isDone = unsafe deflate(&stream, Z_FINISH) == Z_STREAM_END
            }
            return unsafe isDone ? Int(stream.total_out) : 0
        }
        return isDone ? out : nil
    }
}
