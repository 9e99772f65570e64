internal import Base
internal import Database

/// The statements on the table of videos.
enum VideoStore {
    static func insert(
        _ draft: VideoDraft, id: Identifier, owner: Identifier, passwordHash: String?,
        now: Timestamp, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            insert into videos (
                id, owner_id, title, description, privacy, password_hash, status, filename,
                size_bytes, created_at
            ) values (
                \(id), \(owner), \(draft.title), \(draft.description), \(draft.privacy.rawValue),
                \(passwordHash), \(VideoStatus.uploading.rawValue), \(draft.filename),
                \(draft.sizeBytes), \(now)
            )
            """)
    }

    static func video(_ id: Identifier, in reader: Reader) throws -> Video? {
        try reader.first(
            "select \(sql: Video.columns) from videos where videos.id = \(id)"
        ) { try Video($0) }
    }

    static func passwordHash(of id: Identifier, in reader: Reader) throws -> String? {
        try reader.first("select password_hash from videos where id = \(id)") {
            try $0.get(0, as: String?.self)
        } ?? nil
    }

    static func setStatus(
        _ status: VideoStatus, failure: String? = nil, of id: Identifier,
        in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            update videos set status = \(status.rawValue), failure = \(failure) where id = \(id)
            """)
    }

    static func setProgress(
        _ progress: Double, of id: Identifier, in transaction: Transaction
    ) throws {
        let progress = min(1, max(0, progress.isFinite ? progress : 0))
        try transaction.execute("update videos set progress = \(progress) where id = \(id)")
    }

    /// Marks the first moment at which a video can be watched, and places it in the feeds.
    static func publish(_ id: Identifier, now: Timestamp, in transaction: Transaction) throws {
        let rank = FeedRank(id: id, published: now, likes: 0, views: 0)
        try transaction.execute(
            """
            update videos set is_playable = \(true), published_at = coalesce(published_at, \(now)),
                hot_rank = case when published_at is null then \(rank.hot) else hot_rank end,
                mix_rank = case when published_at is null then \(rank.mix) else mix_rank end
            where id = \(id) and not is_playable
            """)
    }

    static func follows(
        _ follower: Identifier, _ followed: Identifier, in reader: Reader
    ) throws -> Bool {
        try reader.first(
            """
            select 1 from follows where follower_id = \(follower) and followed_id = \(followed)
            """
        ) { _ in true } ?? false
    }
}

/// Where a video stands in the feeds that are not by date. Both are numbers of milliseconds, so
/// that a like is worth some hours of freshness.
struct FeedRank: Equatable {
    let hot: Int64
    let mix: Int64

    /// What tenfold interest is worth: half a day.
    private static let tenfold = 12.0 * 3_600_000
    /// How far chance moves a video in the mix: up to two days.
    private static let chance: UInt64 = 2 * 24 * 3_600_000

    init(id: Identifier, published: Timestamp, likes: Int64, views: Int64) {
        let interest = 1 + Double(max(0, views)) + 10 * Double(max(0, likes))
        hot = published.milliseconds + Int64(Self.tenfold * interest.decimalLogarithm)
        // The low half of an id is random and stays the same, so the mix has one order.
        mix = published.milliseconds + Int64(id.low % Self.chance)
    }
}

extension Double {
    /// The logarithm to base 10 by the binary exponent and a line between powers of two: near
    /// enough to rank by, and the same on every machine.
    fileprivate var decimalLogarithm: Double {
        (Double(exponent) + (significand - 1)) * 0.301_029_995_663_981
    }
}
