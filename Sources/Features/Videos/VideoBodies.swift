internal import Base
internal import Contracts

/// What clients get of a video.
struct VideoBody: Encodable, Sendable {
    struct File: Encodable, Sendable {
        let quality: String
        let width: Int
        let height: Int
        let bitrate: Int
        let codec: String
    }

    struct Caption: Encodable, Sendable {
        let language: String
        let label: String
        let url: String?
    }

    let id: Identifier
    let user: PublicUser?
    let title: String
    let description: String
    /// In seconds.
    let duration: Double
    let width: Int
    let height: Int
    let status: VideoStatus
    let progress: Double
    let privacy: Privacy
    let viewCount: Int64
    let likeCount: Int64
    let commentCount: Int64
    let liked: Bool
    /// Whether the password must be given before the addresses are.
    let needsPassword: Bool
    let hlsUrl: String?
    let thumbnailUrl: String?
    let storyboardUrl: String?
    let files: [File]
    let captions: [Caption]
    let chapters: [Chapter]
    /// For the owner alone: why it failed, and the name and size of the film.
    let failure: String?
    let filename: String?
    let sizeBytes: Int64?
    let createdAt: Timestamp
    let publishedAt: Timestamp?
}

/// A film as the catalogue for apps shows it.
struct MovieBody: Encodable, Sendable {
    struct Metadata: Encodable, Sendable {
        /// `01:45:20`.
        let duration: String
        let resolutions: [String]
        let codec: String
    }

    let id: Identifier
    let title: String
    let description: String
    let thumbnailUrl: String?
    let hlsUrl: String?
    let metadata: Metadata
    let createdAt: Timestamp

    private enum CodingKeys: String, CodingKey {
        case id = "_id"
        case title, description, thumbnailUrl, hlsUrl, metadata, createdAt
    }

    static func clock(_ milliseconds: Int64) -> String {
        let seconds = max(0, milliseconds) / 1000
        return "\((seconds / 3600).padded(2)):\((seconds / 60 % 60).padded(2))"
            + ":\((seconds % 60).padded(2))"
    }
}

/// The answer to a wish to upload.
struct UploadBody: Encodable, Sendable {
    struct Target: Encodable, Sendable {
        let method: String
        let url: String
        let headers: [String: String]
        let expiresAt: Timestamp
        /// Where the same bytes can be sent by tus, piece by piece.
        let tusUrl: String
    }

    let video: VideoBody
    let upload: Target
}

/// The name people know a codec by, from its `CODECS` string.
func codecName(_ codecs: String) -> String {
    let name = codecs.prefix { $0 != "." && $0 != "," }
    switch name {
    case "avc1", "avc3": return "h264"
    case "hvc1", "hev1": return "hevc"
    case "av01": return "av1"
    case "mp4a": return "aac"
    default: return String(name).lowercased()
    }
}
