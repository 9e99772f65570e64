public import Base
public import Ring

/// What is known of an object without reading it.
public struct ObjectStatus: Equatable, Sendable {
    public let sizeBytes: UInt64
    /// A strong entity tag, with its quotes: other contents under the key have another one.
    public let etag: String
    public let modified: Timestamp

    init(_ statistics: FileStatistics) {
        sizeBytes = statistics.sizeBytes
        modified = statistics.modified
        // Publishing always brings a new file, so its number, length and time tell contents apart.
        let time = statistics.modified.seconds
        let parts = [
            statistics.inode, statistics.sizeBytes, UInt64(bitPattern: time),
            UInt64(statistics.modifiedNanoseconds),
        ]
        etag = "\"" + parts.map { String($0, radix: 36) }.joined(separator: "-") + "\""
    }
}

/// An object opened for reading. What it was when it was opened stays readable, whatever happens
/// to the key meanwhile.
public struct StoredObject: Sendable {
    public let file: File
    public let status: ObjectStatus

    public var sizeBytes: UInt64 { status.sizeBytes }
    public var etag: String { status.etag }
    public var modified: Timestamp { status.modified }
}

/// One line of a listing.
public struct ListedObject: Equatable, Sendable {
    public let key: ObjectKey
    public let sizeBytes: UInt64
    public let modified: Timestamp
}
