internal import Base
internal import Database

/// An upload under way, or done.
struct Upload: Hashable, Sendable {
    let id: Identifier
    let ownerID: Identifier
    let videoID: Identifier
    let sizeBytes: Int64
    /// How many bytes are safe on disk.
    let offsetBytes: Int64
    /// As the tus client sent it.
    let metadata: String
    let expiresAt: Timestamp
    let completedAt: Timestamp?

    var isComplete: Bool { completedAt != nil }

    static let columns: SQL = """
        id, owner_id, video_id, size_bytes, offset_bytes, metadata, expires_at, completed_at
        """

    init(_ row: borrowing Row) throws(DatabaseError) {
        id = try row.get(0)
        ownerID = try row.get(1)
        videoID = try row.get(2)
        sizeBytes = try row.get(3)
        offsetBytes = try row.get(4)
        metadata = try row.get(5)
        expiresAt = try row.get(6)
        completedAt = try row.get(7)
    }
}

/// The statements on uploads.
enum UploadStore {
    static func insert(
        _ id: Identifier, owner: Identifier, video: Identifier, size: Int64, metadata: String,
        now: Timestamp, expires: Timestamp, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            insert into uploads (
                id, owner_id, video_id, size_bytes, metadata, created_at, expires_at
            ) values (\(id), \(owner), \(video), \(size), \(metadata), \(now), \(expires))
            """)
    }

    static func upload(_ id: Identifier, in reader: Reader) throws -> Upload? {
        try reader.first("select \(sql: Upload.columns) from uploads where id = \(id)") {
            try Upload($0)
        }
    }

    static func upload(ofVideo id: Identifier, in reader: Reader) throws -> Upload? {
        try reader.first(
            """
            select \(sql: Upload.columns) from uploads where video_id = \(id)
            order by id desc limit 1
            """
        ) { try Upload($0) }
    }

    static func openCount(of owner: Identifier, now: Timestamp, in reader: Reader) throws -> Int {
        try reader.first(
            """
            select count(*) from uploads
            where owner_id = \(owner) and completed_at is null and expires_at > \(now)
            """
        ) { try $0.get(0, as: Int.self) } ?? 0
    }

    static func setOffset(
        _ offset: Int64, of id: Identifier, in transaction: Transaction
    ) throws {
        try transaction.execute(
            "update uploads set offset_bytes = \(offset) where id = \(id)")
    }

    static func complete(_ id: Identifier, now: Timestamp, in transaction: Transaction) throws {
        try transaction.execute(
            """
            update uploads set completed_at = \(now), offset_bytes = size_bytes
            where id = \(id) and completed_at is null
            """)
    }
}
