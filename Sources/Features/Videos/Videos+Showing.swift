internal import Base
internal import Contracts
internal import Database
internal import HTTP

/// A video with all that a page about it shows.
struct VideoDetail: Sendable {
    let video: Video
    let tracks: [Rendition]
    let captions: [CaptionRecord]
    let chapters: [Chapter]
}

extension Videos {
    /// The details of `videos`, in their order, read in one snapshot.
    func details(_ videos: [Video]) async throws -> [VideoDetail] {
        guard !videos.isEmpty else { return [] }
        return try await database.read { reader in
            try videos.map { video in
                VideoDetail(
                    video: video, tracks: try RenditionStore.renditions(of: video.id, in: reader),
                    captions: try CaptionStore.captions(of: video.id, in: reader),
                    chapters: try CaptionStore.chapters(of: video.id, in: reader))
            }
        }
    }

    /// What `viewer` gets of `videos`. Addresses are given only for what they may play;
    /// `isUnlocked` says that the password was given.
    func bodies(
        _ videos: [Video], viewer: Principal?, isUnlocked: Bool = false
    ) async throws -> [VideoBody] {
        let owners = try await directory.users(Array(Set(videos.map(\.ownerID))))
        return try await details(videos).map { detail in
            body(
                detail, owner: owners[detail.video.ownerID], viewer: viewer,
                isUnlocked: isUnlocked)
        }
    }

    /// One of ``bodies(_:viewer:isUnlocked:)``.
    func body(
        of video: Video, viewer: Principal?, isUnlocked: Bool = false
    ) async throws -> VideoBody {
        guard
            let body = try await bodies([video], viewer: viewer, isUnlocked: isUnlocked).first
        else { throw Problem.notFound }
        return body
    }

    private func body(
        _ detail: VideoDetail, owner: PublicUser?, viewer: Principal?, isUnlocked: Bool
    ) -> VideoBody {
        let video = detail.video
        let plays = isUnlocked || VideoAccess.plays(video, viewer: viewer)
        let isManager = viewer?.mayManage(ownedBy: video.ownerID) ?? false
        let query = plays ? links.query(for: video.id) : ""
        func url(_ name: String, when isThere: Bool) -> String? {
            plays && isThere ? links.url(name, of: video.id, query: query) : nil
        }
        let files = detail.tracks.filter { $0.kind == .video }.map { rendition in
            VideoBody.File(
                quality: rendition.name, width: rendition.width, height: rendition.height,
                bitrate: rendition.bitRate, codec: codecName(rendition.codecs))
        }
        let captions = detail.captions.map { caption in
            VideoBody.Caption(
                language: caption.language, label: caption.label,
                url: url("captions/\(caption.language).vtt", when: true))
        }
        return VideoBody(
            id: video.id, user: owner, title: video.title, description: video.description,
            duration: Double(video.durationMilliseconds) / 1000, width: video.width,
            height: video.height, status: video.status, progress: video.progress,
            privacy: video.privacy, viewCount: video.viewCount, likeCount: video.likeCount,
            commentCount: video.commentCount, liked: false, needsPassword: !plays,
            hlsUrl: url("master.m3u8", when: video.isPlayable),
            thumbnailUrl: url("thumbnail.jpg", when: video.hasThumbnail),
            storyboardUrl: url("storyboard.vtt", when: video.storyboard != nil), files: files,
            captions: captions, chapters: detail.chapters,
            failure: isManager ? video.failure : nil,
            filename: isManager ? video.filename : nil,
            sizeBytes: isManager ? video.sizeBytes : nil, createdAt: video.createdAt,
            publishedAt: video.publishedAt)
    }

    /// `video` as the catalogue shows it.
    func movie(_ detail: VideoDetail) -> MovieBody {
        let video = detail.video
        let query = links.query(for: video.id)
        let pictures = detail.tracks.filter { $0.kind == .video }
        return MovieBody(
            id: video.id, title: video.title, description: video.description,
            thumbnailUrl: video.hasThumbnail
                ? links.url("thumbnail.jpg", of: video.id, query: query) : nil,
            hlsUrl: links.url("master.m3u8", of: video.id, query: query),
            metadata: MovieBody.Metadata(
                duration: MovieBody.clock(video.durationMilliseconds),
                resolutions: pictures.map(\.name),
                codec: codecName((pictures.first ?? detail.tracks.first)?.codecs ?? "")),
            createdAt: video.createdAt)
    }
}
