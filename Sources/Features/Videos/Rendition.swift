internal import Base
internal import Database

/// One rung of the ladder, or the sound.
public struct Rendition: Hashable, Sendable {
    public enum Kind: String, Codable, Sendable {
        case video, audio
    }

    /// Its name in addresses, as `720p` or `audio`: lower-case letters and digits.
    public let name: String
    public let kind: Kind
    public let width: Int
    public let height: Int
    /// The average in bits a second that was planned.
    public let bitRate: Int
    public let frameRate: Double
    /// For `CODECS` (RFC 6381).
    public let codecs: String
    /// `SDR`, `HLG` or `PQ`.
    public let videoRange: String

    public init(
        name: String, kind: Kind, width: Int = 0, height: Int = 0, bitRate: Int,
        frameRate: Double = 0, codecs: String, videoRange: String = "SDR"
    ) {
        self.name = name
        self.kind = kind
        self.width = width
        self.height = height
        self.bitRate = bitRate
        self.frameRate = frameRate
        self.codecs = codecs
        self.videoRange = videoRange
    }

    static let columns: SQL =
        "name, kind, width, height, bit_rate, frame_rate, codecs, video_range"

    init(_ row: borrowing Row) throws(DatabaseError) {
        guard let kind = Kind(rawValue: try row.get(1)) else { throw .mismatch("kind") }
        self.init(
            name: try row.get(0), kind: kind, width: try row.get(2), height: try row.get(3),
            bitRate: try row.get(4), frameRate: try row.get(5), codecs: try row.get(6),
            videoRange: try row.get(7))
    }

    /// Whether `name` is safe in an address and a file name.
    static func isName(_ name: some StringProtocol) -> Bool {
        (1...16).contains(name.utf8.count)
            && name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
    }
}

/// One piece of a rendition, published and recorded.
struct SegmentRecord: Hashable, Sendable {
    let number: Int
    let durationMicroseconds: Int64
    let sizeBytes: Int64
    /// Where the first picture lies in the file, for I-frame playlists; 0 bytes when there is none.
    let keyframeOffset: Int64
    let keyframeBytes: Int64
}

/// A rendition with all the segments it has so far.
struct RenditionTrack: Hashable, Sendable {
    let rendition: Rendition
    let segments: [SegmentRecord]

    /// The highest bits a second over any one segment, which is what `BANDWIDTH` promises.
    var peakBitRate: Int {
        var peak = 0.0
        for segment in segments where segment.durationMicroseconds > 0 {
            let seconds = Double(segment.durationMicroseconds) / 1_000_000
            peak = max(peak, Double(segment.sizeBytes) * 8 / seconds)
        }
        return peak > 0 ? Int(peak.rounded(.up)) : rendition.bitRate
    }

    /// Bits a second over all segments.
    var averageBitRate: Int {
        let microseconds = segments.reduce(0) { $0 + $1.durationMicroseconds }
        guard microseconds > 0 else { return rendition.bitRate }
        let bytes = segments.reduce(0) { $0 + $1.sizeBytes }
        return Int((Double(bytes) * 8 / (Double(microseconds) / 1_000_000)).rounded(.up))
    }
}

/// The statements on renditions and segments.
enum RenditionStore {
    /// Records the rungs that will be made; those that are there already stay.
    static func insert(
        _ renditions: [Rendition], of video: Identifier, in transaction: Transaction
    ) throws {
        for rendition in renditions {
            try transaction.execute(
                """
                insert into renditions (
                    video_id, name, kind, width, height, bit_rate, frame_rate, codecs, video_range
                ) values (
                    \(video), \(rendition.name), \(rendition.kind.rawValue), \(rendition.width),
                    \(rendition.height), \(rendition.bitRate), \(rendition.frameRate),
                    \(rendition.codecs), \(rendition.videoRange)
                ) on conflict (video_id, name) do update set
                    codecs = excluded.codecs, frame_rate = excluded.frame_rate
                """)
        }
    }

    static func recordInit(
        of rendition: String, video: Identifier, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            update renditions set has_init = \(true)
            where video_id = \(video) and name = \(rendition)
            """)
    }

    static func record(
        _ segment: SegmentRecord, of rendition: String, video: Identifier,
        in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            insert into segments (
                video_id, rendition, number, duration_us, size_bytes, keyframe_offset,
                keyframe_bytes
            ) values (
                \(video), \(rendition), \(segment.number), \(segment.durationMicroseconds),
                \(segment.sizeBytes), \(segment.keyframeOffset), \(segment.keyframeBytes)
            ) on conflict (video_id, rendition, number) do update set
                duration_us = excluded.duration_us, size_bytes = excluded.size_bytes,
                keyframe_offset = excluded.keyframe_offset,
                keyframe_bytes = excluded.keyframe_bytes
            """)
    }

    /// The renditions of `video` that have something to play, best picture first, sound last.
    static func renditions(of video: Identifier, in reader: Reader) throws -> [Rendition] {
        try reader.query(
            """
            select \(sql: Rendition.columns) from renditions
            where video_id = \(video) and has_init and exists (
                select 1 from segments
                where segments.video_id = renditions.video_id and rendition = name and number = 0
            )
            order by kind desc, height desc, bit_rate desc
            """
        ) { try Rendition($0) }
    }

    /// The renditions of `video` in which something can be played: an init segment and the run of
    /// segments from the first on without a gap. Best picture first, sound last.
    static func playable(of video: Identifier, in reader: Reader) throws -> [RenditionTrack] {
        let renditions = try renditions(of: video, in: reader)
        var segments: [String: [SegmentRecord]] = [:]
        try reader.forEach(
            """
            select rendition, number, duration_us, size_bytes, keyframe_offset, keyframe_bytes
            from segments where video_id = \(video) order by rendition, number
            """
        ) { row in
            let name = try row.get(0, as: String.self)
            let segment = SegmentRecord(
                number: try row.get(1), durationMicroseconds: try row.get(2),
                sizeBytes: try row.get(3), keyframeOffset: try row.get(4),
                keyframeBytes: try row.get(5))
            guard segment.number == segments[name]?.count ?? 0 else { return }
            segments[name, default: []].append(segment)
        }
        return renditions.compactMap { rendition in
            segments[rendition.name].map { RenditionTrack(rendition: rendition, segments: $0) }
        }
    }

    /// Whether every kind of rendition that is planned has its first segment in at least one.
    static func isPlayable(_ video: Identifier, in reader: Reader) throws -> Bool {
        let kinds = try reader.query(
            """
            select kind, max(case when has_init and segments.number = 0 then 1 else 0 end)
            from renditions left join segments
                on segments.video_id = renditions.video_id
                and segments.rendition = renditions.name and segments.number = 0
            where renditions.video_id = \(video) group by kind
            """
        ) { try $0.get(1, as: Int.self) == 1 }
        return !kinds.isEmpty && kinds.allSatisfy { $0 }
    }

    /// How many segments each rendition has from its first on, which is where to go on from.
    static func counts(of video: Identifier, in reader: Reader) throws -> [String: Int] {
        let tracks = try playable(of: video, in: reader)
        return Dictionary(
            tracks.map { ($0.rendition.name, $0.segments.count) },
            uniquingKeysWith: { first, _ in first })
    }
}
