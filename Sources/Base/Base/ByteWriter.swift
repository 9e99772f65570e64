/// Builds a run of bytes, network order.
public struct ByteWriter: Sendable {
    /// What was written so far.
    public private(set) var array: [UInt8] = []

    /// Starts empty with room for `capacity` bytes.
    public init(capacity: Int = 0) {
        array.reserveCapacity(capacity)
    }

    /// The number of bytes written.
    public var count: Int { array.count }

    /// Appends one integer, big-endian.
    public mutating func write<T: FixedWidthInteger>(_ value: T) {
        var shift = T.bitWidth - 8
        while shift >= 0 {
            array.append(UInt8(truncatingIfNeeded: value >> T(shift)))
            shift -= 8
        }
    }

    /// Appends the low 24 bits, big-endian.
    public mutating func writeUInt24(_ value: UInt32) {
        array.append(UInt8(truncatingIfNeeded: value >> 16))
        write(UInt16(truncatingIfNeeded: value))
    }

    /// Appends bytes.
    public mutating func write(_ bytes: some Sequence<UInt8>) {
        array.append(contentsOf: bytes)
    }

    /// Appends the bytes that `span` looks at.
    public mutating func write(_ span: RawSpan) {
        unsafe span.withUnsafeBytes { unsafe array.append(contentsOf: $0) }
    }

    /// Appends UTF-8 text.
    public mutating func write(_ text: String) {
        array.append(contentsOf: text.utf8)
    }

    /// Overwrites the four bytes at `offset`, which must have been written, for a length that is
    /// known only afterwards.
    public mutating func patch(_ value: UInt32, at offset: Int) {
        for index in 0..<4 {
            array[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * index))
        }
    }

    /// What was written, immutable.
    public var bytes: Bytes { Bytes(array) }
}
