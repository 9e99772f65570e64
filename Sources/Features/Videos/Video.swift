public import Base
internal import Database

/// Who may watch a video.
public enum Privacy: String, CaseIterable, Codable, Sendable {
    /// Everybody, and it is listed.
    case `public`
    /// Everybody who has the link; it is not listed.
    case unlisted
    /// Those who follow the owner.
    case followers
    /// The owner alone.
    case `private`
    /// Those who know its password.
    case password
}

/// How far a video has come.
public enum VideoStatus: String, CaseIterable, Codable, Sendable {
    /// Its bytes are still on their way.
    case uploading
    /// All bytes are here; it waits for its turn.
    case queued
    /// It is being transcoded; it may be playable already.
    case processing
    /// Every rendition is complete.
    case ready
    /// It could not be transcoded; ``Video/failure`` says why.
    case failed
}

/// A video as the database keeps it.
public struct Video: Hashable, Sendable {
    public let id: Identifier
    public let ownerID: Identifier
    public var title: String
    public var description: String
    public var privacy: Privacy
    public var status: VideoStatus
    /// From 0 to 1 while it is processed.
    public var progress: Double
    /// What went wrong, in words for the owner.
    public var failure: String?
    /// Whether at least one rendition has a segment to play.
    public var isPlayable: Bool
    public var durationMilliseconds: Int64
    public var width: Int
    public var height: Int
    /// The name of the file that was uploaded, for the owner alone.
    public var filename: String
    public var sizeBytes: Int64
    public var hasThumbnail: Bool
    public var storyboard: Storyboard?
    public var viewCount: Int64
    public var likeCount: Int64
    public var commentCount: Int64
    public let createdAt: Timestamp
    /// When it first could be watched.
    public var publishedAt: Timestamp?

    /// What goes into ``init(_:)``, in this order.
    static let columns: SQL = """
        videos.id, owner_id, title, description, privacy, status, progress, failure, is_playable,
        duration_ms, width, height, filename, size_bytes, has_thumbnail, storyboard, view_count,
        like_count, comment_count, videos.created_at, published_at
        """

    init(_ row: borrowing Row) throws(DatabaseError) {
        id = try row.get(0)
        ownerID = try row.get(1)
        title = try row.get(2)
        description = try row.get(3)
        guard let privacy = Privacy(rawValue: try row.get(4)),
            let status = VideoStatus(rawValue: try row.get(5))
        else { throw .mismatch("privacy or status of video \(id)") }
        self.privacy = privacy
        self.status = status
        progress = try row.get(6)
        failure = try row.get(7)
        isPlayable = try row.get(8)
        durationMilliseconds = try row.get(9)
        width = try row.get(10)
        height = try row.get(11)
        filename = try row.get(12)
        sizeBytes = try row.get(13)
        hasThumbnail = try row.get(14)
        storyboard = try row.get(15, as: String?.self).flatMap(Storyboard.init(text:))
        viewCount = try row.get(16)
        likeCount = try row.get(17)
        commentCount = try row.get(18)
        createdAt = try row.get(19)
        publishedAt = try row.get(20)
    }
}

/// How the pictures of a storyboard lie on its sheets.
public struct Storyboard: Hashable, Sendable {
    public let columns: Int
    public let rows: Int
    public let tileWidth: Int
    public let tileHeight: Int
    /// The time from one picture to the next.
    public let intervalMilliseconds: Int64
    /// How many pictures there are.
    public let count: Int

    public init(
        columns: Int, rows: Int, tileWidth: Int, tileHeight: Int, intervalMilliseconds: Int64,
        count: Int
    ) {
        self.columns = columns
        self.rows = rows
        self.tileWidth = tileWidth
        self.tileHeight = tileHeight
        self.intervalMilliseconds = intervalMilliseconds
        self.count = count
    }

    /// Six numbers with spaces between, as the database keeps them.
    var text: String {
        "\(columns) \(rows) \(tileWidth) \(tileHeight) \(intervalMilliseconds) \(count)"
    }

    init?(text: String) {
        let numbers = text.split(separator: " ").compactMap { Int64($0) }
        guard numbers.count == 6, numbers.allSatisfy({ $0 > 0 && $0 <= 1 << 40 }) else {
            return nil
        }
        self.init(
            columns: Int(numbers[0]), rows: Int(numbers[1]), tileWidth: Int(numbers[2]),
            tileHeight: Int(numbers[3]), intervalMilliseconds: numbers[4], count: Int(numbers[5]))
    }

    /// How many sheets the pictures fill.
    var sheetCount: Int { (count + columns * rows - 1) / (columns * rows) }
}
