/// An immutable, counted run of bytes. Copies and slices share storage; nothing is copied but the
/// reference. Look at the contents through ``span``.
@frozen
@safe
public struct Bytes: Sendable {
    @usableFromInline let storage: ByteStorage?
    @usableFromInline let start: Int
    /// The number of bytes.
    public let count: Int

    @inlinable
    init(storage: ByteStorage?, start: Int, count: Int) {
        self.storage = storage
        self.start = start
        self.count = count
    }

    /// No bytes; allocates nothing.
    @inlinable
    public init() {
        self.init(storage: nil, start: 0, count: 0)
    }

    /// Copies `elements`.
    public init(_ elements: some Collection<UInt8>) {
        let array = Array(elements)
        unsafe self.init(array.span.bytes)
    }

    /// Copies the bytes that `span` looks at.
    public init(_ span: RawSpan) {
        unsafe self.init(capacity: span.byteCount) { buffer in
            unsafe span.withUnsafeBytes { unsafe buffer.copyMemory(from: $0) }
            return span.byteCount
        }
    }

    /// Copies the UTF-8 of `string`.
    public init(_ string: String) {
        var string = string
        self = string.withUTF8 { unsafe Bytes(UnsafeRawBufferPointer($0).bytes) }
    }

    /// Allocates `capacity` bytes and lets `fill` write them.
    ///
    /// - Parameter fill: Given the uninitialised memory, returns how many bytes it wrote from the
    ///   start; more than `capacity` is a programming error.
    public init<E: Error>(
        capacity: Int, fill: (UnsafeMutableRawBufferPointer) throws(E) -> Int
    ) throws(E) {
        guard capacity > 0 else {
            self.init()
            return
        }
        let storage = ByteStorage(capacity: capacity)
        let filled = try unsafe fill(storage.mutable)
        invariant(filled >= 0 && filled <= capacity, "Bytes filled past its capacity")
        self.init(storage: storage, start: 0, count: filled)
    }

    /// Borrows memory that lives as long as the process, such as an embedded asset.
    public init(staticMemory pointer: UnsafeRawPointer, count: Int) {
        unsafe self.init(
            storage: ByteStorage(immortal: pointer, capacity: count), start: 0, count: count)
    }

    /// Whether there is no byte.
    @inlinable
    public var isEmpty: Bool { count == 0 }

    /// The contents.
    @inlinable
    public var span: RawSpan {
        @_lifetime(borrow self)
        get {
            guard let storage else { return unsafe _overrideLifetime(RawSpan(), borrowing: self) }
            let buffer = unsafe UnsafeRawBufferPointer(
                start: storage.base + start, count: count)
            // Safe because: `self` retains the storage for as long as it is borrowed.
            return unsafe _overrideLifetime(buffer.bytes, borrowing: self)
        }
    }

    /// The byte at `index`, which must be below ``count``.
    @inlinable
    public subscript(index: Int) -> UInt8 {
        span.unsafeLoadChecked(at: index)
    }

    /// The bytes of `range`, sharing this storage. The range is clamped to what exists.
    @inlinable
    public subscript(range: Range<Int>) -> Bytes {
        let range = range.clamped(to: 0..<count)
        return Bytes(storage: storage, start: start + range.lowerBound, count: range.count)
    }

    /// The bytes from `offset` on, sharing this storage.
    @inlinable
    public func dropFirst(_ offset: Int) -> Bytes { self[min(offset, count)..<count] }

    /// A copy as an array.
    public var array: [UInt8] { Array(span) }

    /// The contents as text, invalid UTF-8 replaced by U+FFFD.
    public var string: String { String(decoding: span) }

    /// Gives the contents as a pointer that is valid during `body` only.
    @inlinable
    public func withUnsafeBytes<R, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try unsafe span.withUnsafeBytes(body)
    }
}

extension Bytes: Equatable {
    public static func == (left: Bytes, right: Bytes) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe left.withUnsafeBytes { l in
            unsafe right.withUnsafeBytes { r in unsafe l.elementsEqual(r) }
        }
    }
}

extension Bytes: CustomStringConvertible {
    public var description: String { "Bytes(\(count))" }
}

/// The memory behind ``Bytes``. Freed with the last reference, unless it is immortal.
@safe
public final class ByteStorage: @unchecked Sendable {
    // Safe because: written only before the first `Bytes` is handed out, read-only afterwards.
    @usableFromInline let base: UnsafeRawPointer
    private let capacity: Int
    private let isOwned: Bool

    init(capacity: Int) {
        unsafe base = UnsafeRawPointer(
            UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16))
        self.capacity = capacity
        isOwned = true
    }

    init(immortal pointer: UnsafeRawPointer, capacity: Int) {
        unsafe base = unsafe pointer
        self.capacity = capacity
        isOwned = false
    }

    var mutable: UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(
            start: UnsafeMutableRawPointer(mutating: base), count: capacity)
    }

    deinit {
        if isOwned { unsafe base.deallocate() }
    }
}
