extension RawSpan {
    /// The byte at `index`; an index outside is a trap, never a stray read.
    @inlinable
    public func unsafeLoadChecked(at index: Int) -> UInt8 {
        // Safe because: `unsafeLoad` of one byte checks its bounds; any byte is a valid UInt8.
        unsafe unsafeLoad(fromByteOffset: index, as: UInt8.self)
    }

    /// The byte at `index`, or nil past the end.
    @inlinable
    public func byte(at index: Int) -> UInt8? {
        index >= 0 && index < byteCount ? unsafeLoadChecked(at: index) : nil
    }

    /// The big-endian integer at `offset`, or nil when it does not fit.
    @inlinable
    public func bigEndian<T: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int, as type: T.Type
    ) -> T? {
        guard offset >= 0, offset <= byteCount - MemoryLayout<T>.size else { return nil }
        // Safe because: the bounds were checked above and an integer has no invalid bit pattern.
        return unsafe T(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// The offset of the first `byte` at or after `start`.
    @inlinable
    public func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        var index = start
        while index < byteCount {
            if unsafeLoadChecked(at: index) == byte { return index }
            index += 1
        }
        return nil
    }
}

extension Array where Element == UInt8 {
    /// Copies the bytes that `span` looks at.
    public init(_ span: RawSpan) {
        self = unsafe span.withUnsafeBytes { unsafe Array($0) }
    }
}

extension String {
    /// Decodes UTF-8, replacing what is invalid by U+FFFD.
    public init(decoding span: RawSpan) {
        self = unsafe span.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
