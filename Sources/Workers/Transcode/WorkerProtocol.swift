public import Base

/// What is asked of a media worker: one thing, with the film's descriptor beside it.
public enum MediaRequest: Sendable, Codable {
    case probe
    /// A picture at about that second.
    case thumbnail(second: Double, width: Int)
    case storyboard(StoryboardLayout)
    case transcode(TranscodeRequest)
}

/// How a storyboard is laid out.
public struct StoryboardLayout: Sendable, Codable, Hashable {
    public let columns: Int
    public let rows: Int
    public let tileWidth: Int
    public let tileHeight: Int
    public let intervalSeconds: Double
    public let tiles: Int

    public init(
        columns: Int, rows: Int, tileWidth: Int, tileHeight: Int, intervalSeconds: Double,
        tiles: Int
    ) {
        self.columns = columns
        self.rows = rows
        self.tileWidth = tileWidth
        self.tileHeight = tileHeight
        self.intervalSeconds = intervalSeconds
        self.tiles = tiles
    }
}

/// A ladder to be made.
public struct TranscodeRequest: Sendable, Codable {
    public let segmentSeconds: Int
    public let heightMax: Int
    /// How many segments of each rendition are there already.
    public let done: [String: Int]
    public let threads: Int

    public init(segmentSeconds: Int, heightMax: Int, done: [String: Int], threads: Int) {
        self.segmentSeconds = segmentSeconds
        self.heightMax = heightMax
        self.done = done
        self.threads = threads
    }
}

/// What the probe found.
public struct MediaInfo: Sendable, Codable, Equatable {
    public let container: String
    public let durationSeconds: Double
    public let picture: PictureFacts?
    public let hasSound: Bool
    public let soundChannels: Int
    public let chapters: [MediaChapter]
    public let captions: [MediaCaption]
}

/// A named place inside a file.
public struct MediaChapter: Sendable, Codable, Equatable {
    public let startSeconds: Double
    public let title: String
}

/// A text track inside a file, as WebVTT.
public struct MediaCaption: Sendable, Codable, Equatable {
    public let language: String
    public let label: String
    public let text: String
}

/// A rendition that will be made.
public struct RenditionPlan: Sendable, Codable, Equatable {
    public let name: String
    public let isVideo: Bool
    public let width: Int
    public let height: Int
    public let bitRate: Int
    public let frameRate: Double
    public let codecs: String
}

/// The numbers of the messages on the channel.
public enum MediaMessage {
    /// To the worker: a ``MediaRequest`` as JSON, with one descriptor.
    public static let request: UInt8 = 1
    /// From the worker: a ``MediaInfo`` as JSON.
    public static let info: UInt8 = 10
    /// `[RenditionPlan]` as JSON.
    public static let renditions: UInt8 = 11
    /// One byte, the index of the rendition; then its initialisation segment.
    public static let initialization: UInt8 = 12
    /// A ``SegmentHead`` and the segment.
    public static let segment: UInt8 = 13
    /// Four bytes: millionths.
    public static let progress: UInt8 = 14
    /// A JPEG picture.
    public static let picture: UInt8 = 15
    /// The work is done.
    public static let done: UInt8 = 20
    /// The file is at fault; words for its owner.
    public static let unusable: UInt8 = 21
    /// The worker is at fault; words for the log.
    public static let broken: UInt8 = 22
}

/// What precedes the bytes of a segment: 21 bytes.
public struct SegmentHead: Sendable, Equatable {
    public let rendition: Int
    public let number: Int
    public let durationMicroseconds: Int64
    public let keyframe: Range<Int>

    public static let size = 21

    public init(rendition: Int, number: Int, durationMicroseconds: Int64, keyframe: Range<Int>) {
        self.rendition = rendition
        self.number = number
        self.durationMicroseconds = durationMicroseconds
        self.keyframe = keyframe
    }

    /// Nil when it is cut short or says what cannot be.
    public init?(_ bytes: Bytes) {
        let span = bytes.span
        guard bytes.count >= Self.size, let rendition = span.byte(at: 0),
            let number = span.bigEndian(at: 1, as: UInt32.self),
            let duration = span.bigEndian(at: 5, as: UInt64.self),
            let lower = span.bigEndian(at: 13, as: UInt32.self),
            let upper = span.bigEndian(at: 17, as: UInt32.self),
            duration < 1 << 40, lower <= upper, Int(upper) <= bytes.count - Self.size
        else { return nil }
        self.init(
            rendition: Int(rendition), number: Int(number),
            durationMicroseconds: Int64(duration), keyframe: Int(lower)..<Int(upper))
    }

    var bytes: Bytes {
        var writer = ByteWriter(capacity: Self.size)
        writer.write(UInt8(clamping: rendition))
        writer.write(UInt32(clamping: number))
        writer.write(UInt64(clamping: durationMicroseconds))
        writer.write(UInt32(clamping: keyframe.lowerBound))
        writer.write(UInt32(clamping: keyframe.upperBound))
        return writer.bytes
    }
}
