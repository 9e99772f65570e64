/// A cursor over bytes from outside: every read is checked, and running out throws.
public struct ByteReader: ~Escapable {
    /// Thrown when fewer bytes are left than asked for.
    public struct OutOfBytes: Error, Equatable, Sendable {}

    /// What is read.
    public let span: RawSpan
    /// The offset of the next byte.
    public private(set) var offset = 0

    /// Starts at the first byte of `span`.
    @_lifetime(copy span)
    public init(_ span: RawSpan) {
        self.span = span
    }

    /// The number of bytes not yet read.
    public var remaining: Int { span.byteCount - offset }

    /// Reads one big-endian integer.
    @_lifetime(self: copy self)
    public mutating func read<T: FixedWidthInteger & BitwiseCopyable>(
        _ type: T.Type = T.self
    ) throws(OutOfBytes) -> T {
        guard let value = span.bigEndian(at: offset, as: T.self) else { throw OutOfBytes() }
        offset += MemoryLayout<T>.size
        return value
    }

    /// Reads a 24-bit big-endian integer.
    @_lifetime(self: copy self)
    public mutating func readUInt24() throws(OutOfBytes) -> UInt32 {
        let high: UInt8 = try read()
        let low: UInt16 = try read()
        return UInt32(high) << 16 | UInt32(low)
    }

    /// Reads `count` bytes as a view into the same memory.
    @_lifetime(copy self)
    public mutating func readSpan(_ count: Int) throws(OutOfBytes) -> RawSpan {
        guard count >= 0, count <= remaining else { throw OutOfBytes() }
        let view = span.extracting(offset..<(offset + count))
        offset += count
        return view
    }

    /// Reads `count` bytes into an array.
    @_lifetime(self: copy self)
    public mutating func readArray(_ count: Int) throws(OutOfBytes) -> [UInt8] {
        Array(try readSpan(count))
    }

    /// Passes over `count` bytes.
    @_lifetime(self: copy self)
    public mutating func skip(_ count: Int) throws(OutOfBytes) {
        guard count >= 0, count <= remaining else { throw OutOfBytes() }
        offset += count
    }
}
