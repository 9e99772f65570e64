internal import Base

/// Finds heads in a stream of bytes, however it is cut.
///
/// The machine keeps only what is not yet a whole head; a head that lies within one feed is copied
/// once, into the bytes that its header values are slices of.
public struct RequestReader: Sendable {
    private var partial: [UInt8] = []
    /// How far `partial` was searched for the end.
    private var searched = 0
    private let limits: RequestHead.Limits

    public init(limits: RequestHead.Limits = .init()) {
        self.limits = limits
    }

    /// Whether some of a head has come, so that the peer owes the rest.
    public var isInsideHead: Bool { !partial.isEmpty }

    /// Takes bytes.
    ///
    /// - Returns: The head once it is whole, and how many of `span`'s bytes were used; the rest is
    ///   the body or the next request.
    public mutating func feed(
        _ span: RawSpan
    ) throws(HTTPError) -> (head: RequestHead?, used: Int) {
        var start = 0
        if partial.isEmpty {
            // Empty lines before a request are to be passed over (RFC 9112 section 2.2).
            while start + 1 < span.byteCount, start < 8,
                span.unsafeLoadChecked(at: start) == 0x0D,
                span.unsafeLoadChecked(at: start + 1) == 0x0A
            {
                start += 2
            }
            let rest = span.extracting(start..<span.byteCount)
            if let end = Self.endOfHead(rest, from: 0) {
                guard end <= limits.headBytesMax else { throw tooLarge(rest) }
                let head = try RequestHead.parse(Bytes(rest.extracting(0..<end)), limits: limits)
                return (head, start + end)
            }
        }
        let rest = span.extracting(start..<span.byteCount)
        if rest.byteCount == 0 { return (nil, span.byteCount) }
        return try feedPartial(rest, skipped: start)
    }

    private mutating func feedPartial(
        _ rest: RawSpan, skipped: Int
    ) throws(HTTPError) -> (head: RequestHead?, used: Int) {
        let before = partial.count
        let room = limits.headBytesMax - before + 1
        partial += Array(rest.extracting(0..<min(room, rest.byteCount)))
        let from = max(0, searched - 3)
        let found = unsafe Self.endOfHead(partial.span.bytes, from: from)
        guard let end = found else {
            searched = partial.count
            if partial.count > limits.headBytesMax { throw unsafe tooLarge(partial.span.bytes) }
            if partial.count > limits.lineBytesMax, !partial.contains(0x0A) {
                throw .requestLineTooLong
            }
            return (nil, skipped + rest.byteCount)
        }
        let head = Bytes(partial[..<end])
        partial = []
        searched = 0
        return (try RequestHead.parse(head, limits: limits), skipped + end - before)
    }

    private func tooLarge(_ span: RawSpan) -> HTTPError {
        let lineEnd = span.firstIndex(of: 0x0A) ?? span.byteCount
        return lineEnd > limits.lineBytesMax ? .requestLineTooLong : .headerTooLarge
    }

    /// The offset after the empty line. A bare LF counts as a line here, so that the parser gets to
    /// see it and can refuse it.
    private static func endOfHead(_ span: RawSpan, from start: Int) -> Int? {
        var index = start
        while let feed = span.firstIndex(of: 0x0A, from: index) {
            if span.byte(at: feed + 1) == 0x0A { return feed + 2 }
            if span.byte(at: feed + 1) == 0x0D, span.byte(at: feed + 2) == 0x0A { return feed + 3 }
            index = feed + 1
        }
        return nil
    }
}
