public import Base

/// Writes the boxes of ISO/IEC 14496-12: sizes are filled in when a box is closed.
public struct BoxWriter {
    private var writer = ByteWriter(capacity: 1024)

    /// Nothing yet.
    public init() {}

    /// What was written.
    public var bytes: Bytes { writer.bytes }

    /// How many bytes were written.
    public var count: Int { writer.count }

    /// Writes a box of four-character `type` whose content `body` writes.
    public mutating func box(_ type: String, _ body: (inout BoxWriter) -> Void) {
        let start = writer.count
        writer.write(UInt32(0))
        writer.write(type)
        body(&self)
        writer.patch(UInt32(writer.count - start), at: start)
    }

    /// A box with version and flags before its content.
    public mutating func fullBox(
        _ type: String, version: UInt8 = 0, flags: UInt32 = 0, _ body: (inout BoxWriter) -> Void
    ) {
        box(type) { box in
            box.write(version)
            box.writer.writeUInt24(flags)
            body(&box)
        }
    }

    public mutating func write<T: FixedWidthInteger>(_ value: T) { writer.write(value) }

    public mutating func write(_ text: String) { writer.write(text) }

    public mutating func write(_ bytes: [UInt8]) { writer.write(bytes) }

    /// `count` zero bytes.
    public mutating func zeros(_ count: Int) {
        writer.write(repeatElement(UInt8(0), count: count))
    }

    /// Fills in a 32-bit field written before.
    mutating func patch(_ value: UInt32, at offset: Int) { writer.patch(value, at: offset) }
}
