internal import Base

/// Takes the chunked coding off a body (RFC 9112 section 7.1).
public struct ChunkedDecoder: Sendable {
    private enum State {
        case size(UInt64, digits: Int)
        case sizeExtension(UInt64)
        case sizeLineFeed(UInt64)
        case data(UInt64)
        case dataReturn
        case dataLineFeed
        case trailerStart
        case trailer
        case trailerLineFeed
        case endLineFeed
        case done
    }

    private var state = State.size(0, digits: 0)
    /// Bytes of extensions and trailers so far: they carry nothing for us, and may not flood.
    private var overhead = 0
    private static let overheadMax = 8192

    public init() {}

    /// Whether the last chunk and the trailers have been read.
    public var isDone: Bool {
        if case .done = state { true } else { false }
    }

    /// Takes bytes and gives those of the body to `body`, as views into `span`.
    ///
    /// - Returns: How many bytes were used; fewer than given once the body is over.
    public mutating func feed(
        _ span: RawSpan, _ body: (RawSpan) -> Void
    ) throws(HTTPError) -> Int {
        var index = 0
        while index < span.byteCount, !isDone {
            if case .data(let left) = state {
                let count = Int(min(left, UInt64(span.byteCount - index)))
                body(span.extracting(index..<(index + count)))
                index += count
                state = left == UInt64(count) ? .dataReturn : .data(left - UInt64(count))
            } else {
                try step(span.unsafeLoadChecked(at: index))
                index += 1
            }
        }
        return index
    }

    private mutating func step(_ byte: UInt8) throws(HTTPError) {
        switch state {
        case .size(let value, let digits): try stepSize(byte, value, digits)
        case .sizeExtension(let value):
            try count(byte)
            if byte == 0x0D { state = .sizeLineFeed(value) }
        case .sizeLineFeed(let value):
            try expect(byte, 0x0A)
            state = value == 0 ? .trailerStart : .data(value)
        case .dataReturn:
            try expect(byte, 0x0D)
            state = .dataLineFeed
        case .dataLineFeed:
            try expect(byte, 0x0A)
            state = .size(0, digits: 0)
        case .trailerStart:
            if byte == 0x0D {
                state = .endLineFeed
            } else {
                try count(byte)
                state = .trailer
            }
        case .trailer:
            try count(byte)
            if byte == 0x0D { state = .trailerLineFeed }
        case .trailerLineFeed:
            try expect(byte, 0x0A)
            state = .trailerStart
        case .endLineFeed:
            try expect(byte, 0x0A)
            state = .done
        case .data, .done: break
        }
    }

    private mutating func stepSize(
        _ byte: UInt8, _ value: UInt64, _ digits: Int
    ) throws(HTTPError) {
        let digit: UInt8
        switch byte {
        case 0x30...0x39: digit = byte - 0x30
        case 0x41...0x46: digit = byte - 0x37
        case 0x61...0x66: digit = byte - 0x57
        case 0x0D where digits > 0:
            state = .sizeLineFeed(value)
            return
        case 0x3B where digits > 0:
            state = .sizeExtension(value)
            return
        default: throw .malformed("A chunk has no proper size.")
        }
        guard digits < 15 else { throw .malformed("A chunk has no proper size.") }
        state = .size(value << 4 | UInt64(digit), digits: digits + 1)
    }

    private func expect(_ byte: UInt8, _ expected: UInt8) throws(HTTPError) {
        guard byte == expected else { throw .malformed("A chunk does not end where it should.") }
    }

    private mutating func count(_ byte: UInt8) throws(HTTPError) {
        guard byte != 0x0A, byte != 0 else {
            throw .malformed("A chunk holds a stray control character.")
        }
        overhead += 1
        guard overhead <= Self.overheadMax else { throw .headerTooLarge }
    }
}
