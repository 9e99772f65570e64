internal import Base
internal import Database

/// A caption file of a video; the text is in the object store.
struct CaptionRecord: Hashable, Sendable {
    let language: String
    let label: String
}

/// The statements on captions and chapters.
enum CaptionStore {
    /// Files beyond this many are refused.
    static let captionsMax = 64

    static func captions(of video: Identifier, in reader: Reader) throws -> [CaptionRecord] {
        try reader.query(
            "select language, label from captions where video_id = \(video) order by language"
        ) { CaptionRecord(language: try $0.get(0), label: try $0.get(1)) }
    }

    static func put(
        _ caption: CaptionRecord, of video: Identifier, now: Timestamp,
        in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            insert into captions (video_id, language, label, created_at)
            values (\(video), \(caption.language), \(caption.label), \(now))
            on conflict (video_id, language) do update set label = excluded.label
            """)
    }

    static func remove(
        _ language: String, of video: Identifier, in transaction: Transaction
    ) throws -> Bool {
        try transaction.execute(
            "delete from captions where video_id = \(video) and language = \(language)") > 0
    }

    static func chapters(of video: Identifier, in reader: Reader) throws -> [Chapter] {
        try reader.query(
            "select start_ms, title from chapters where video_id = \(video) order by start_ms"
        ) { Chapter(startMs: try $0.get(0), title: try $0.get(1)) }
    }

    static func setChapters(
        _ chapters: [Chapter], of video: Identifier, in transaction: Transaction
    ) throws {
        try transaction.execute("delete from chapters where video_id = \(video)")
        for chapter in chapters {
            try transaction.execute(
                """
                insert into chapters (video_id, start_ms, title)
                values (\(video), \(chapter.startMs), \(chapter.title))
                on conflict (video_id, start_ms) do update set title = excluded.title
                """)
        }
    }
}
