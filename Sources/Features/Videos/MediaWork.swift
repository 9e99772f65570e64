public import Base

/// What a film is, as the probe found it.
public struct SourceDescription: Codable, Hashable, Sendable {
    public let durationMilliseconds: Int64
    /// Of the best picture, as shown (rotated, with square pixels); 0 when there is none.
    public let width: Int
    public let height: Int
    public let hasVideo: Bool
    public let hasAudio: Bool
    /// Text tracks inside the file.
    public let captions: [EmbeddedCaption]
    public let chapters: [Chapter]

    public init(
        durationMilliseconds: Int64, width: Int, height: Int, hasVideo: Bool, hasAudio: Bool,
        captions: [EmbeddedCaption] = [], chapters: [Chapter] = []
    ) {
        self.durationMilliseconds = durationMilliseconds
        self.width = width
        self.height = height
        self.hasVideo = hasVideo
        self.hasAudio = hasAudio
        self.captions = captions
        self.chapters = chapters
    }
}

/// A text track inside a film, already as WebVTT.
public struct EmbeddedCaption: Codable, Hashable, Sendable {
    /// As the file names it, `und` when it does not.
    public let language: String
    public let label: String
    public let text: String

    public init(language: String, label: String, text: String) {
        self.language = language
        self.label = label
        self.text = text
    }
}

/// A named place in a film.
public struct Chapter: Codable, Hashable, Sendable {
    public let startMs: Int64
    public let title: String

    public init(startMs: Int64, title: String) {
        self.startMs = startMs
        self.title = title
    }
}

/// One thing that transcoding brought forth. Events of one rendition come in order; the next event
/// is asked for only after this one was taken, which holds a fast encoder back.
public enum TranscodeEvent: Sendable {
    /// The rungs that will be made; comes first.
    case renditions([Rendition])
    /// The initialisation segment of a rendition; comes before its segments.
    case initialization(rendition: String, Bytes)
    /// One complete segment.
    case segment(TranscodedSegment)
    /// From 0 to 1.
    case progress(Double)
}

/// A complete CMAF segment.
public struct TranscodedSegment: Sendable {
    public let rendition: String
    /// From 0 on.
    public let number: Int
    public let durationMicroseconds: Int64
    public let bytes: Bytes
    /// Where in ``bytes`` the fragment with the first picture lies; empty for sound.
    public let keyframe: Range<Int>

    public init(
        rendition: String, number: Int, durationMicroseconds: Int64, bytes: Bytes,
        keyframe: Range<Int> = 0..<0
    ) {
        self.rendition = rendition
        self.number = number
        self.durationMicroseconds = durationMicroseconds
        self.bytes = bytes
        self.keyframe = keyframe
    }
}

/// Why a worker could not do its work.
public enum MediaWorkError: Error, Equatable, Sendable {
    /// The file is not something we play; the words are for its owner.
    case unusable(String)
    /// The worker died or ran out of its limits; another try may go better.
    case interrupted(String)
}

/// The work on media, done by sandboxed processes that the server wires in. Every function gets
/// the film as an open descriptor, never as a path.
public struct MediaWork: Sendable {
    /// Opens the film for one worker.
    public typealias Source = @Sendable () async throws -> Descriptor

    public var probe: @Sendable (Source) async throws -> SourceDescription
    /// One JPEG picture at about `second`.
    public var thumbnail: @Sendable (Source, _ second: Double) async throws -> Bytes
    /// The sheets of a storyboard, JPEG, in order.
    public var storyboard:
        @Sendable (Source, SourceDescription) async throws -> (Storyboard, [Bytes])?
    /// Makes the ladder, going on after the segments that `done` counts for each rendition.
    public var transcode:
        @Sendable (
            Source, SourceDescription, _ done: [String: Int],
            _ emit: @Sendable (TranscodeEvent) async throws -> Void
        ) async throws -> Void

    public init(
        probe: @escaping @Sendable (Source) async throws -> SourceDescription,
        thumbnail: @escaping @Sendable (Source, _ second: Double) async throws -> Bytes,
        storyboard:
            @escaping @Sendable (Source, SourceDescription) async throws -> (Storyboard, [Bytes])?,
        transcode:
            @escaping @Sendable (
                Source, SourceDescription, _ done: [String: Int],
                _ emit: @Sendable (TranscodeEvent) async throws -> Void
            ) async throws -> Void
    ) {
        self.probe = probe
        self.thumbnail = thumbnail
        self.storyboard = storyboard
        self.transcode = transcode
    }
}
