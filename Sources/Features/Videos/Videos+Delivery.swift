internal import Base
internal import Database
internal import HTTP
internal import HTTPWire
internal import ObjectStore

/// Delivery of media at `/media/{id}/…`. Every request carries the signature of its whole film;
/// playlists are written from the database, so they name only what is published and whole.
extension Videos {
    func addMediaRoutes(to router: inout Router) {
        router.get("/media/{id}/{path...}") { request in
            do {
                return self.shared(try await self.media(request))
            } catch let problem as Problem {
                return self.shared(problem.response)
            } catch let error as any ProblemConvertible {
                return self.shared(error.problem.response)
            }
        }
    }

    private func media(_ request: Request) async throws -> Response {
        let id = try request.parameter("id", as: Identifier.self)
        try links.signer.verify(
            path: request.path, method: request.method, query: request.query, now: now)
        guard HotlinkGuard(hosts: settings.embeddingHosts).allows(request) else {
            throw Problem.forbidden("This page may not embed the film.")
        }
        guard let path = MediaPath(try request.parameter("path", as: String.self)) else {
            throw Problem.notFound
        }
        switch path {
        case .master, .playlist, .keyframes, .captionList:
            return try await playlist(path, of: id, request)
        case .storyboard: return try await storyboard(of: id, request)
        default: return try await object(path, of: id, request)
        }
    }

    /// Lets players on other sites read the answer, where the operator allows it.
    private func shared(_ response: Response) -> Response {
        var response = response
        if let origin = settings.mediaAllowOrigin {
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] =
                "Content-Length, Content-Range, ETag"
            if origin != "*" { response.headers["Vary"] = "Origin" }
        }
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response
    }

    private func playlist(
        _ path: MediaPath, of id: Identifier, _ request: Request
    ) async throws -> Response {
        let query = Self.signedQuery(request.rawTarget)
        let text = try await database.read { reader -> HLSText? in
            guard let video = try VideoStore.video(id, in: reader), video.isPlayable else {
                return nil
            }
            return HLSText(
                tracks: try RenditionStore.playable(of: id, in: reader),
                captions: try CaptionStore.captions(of: id, in: reader),
                durationMilliseconds: video.durationMilliseconds,
                isComplete: video.status == .ready, query: query)
        }
        let written: String? =
            switch path {
            case .master: text?.master
            case .playlist(let rendition): text?.media(rendition)
            case .keyframes(let rendition): text?.keyframes(rendition)
            case .captionList(let language): text?.captionList(language)
            default: nil
            }
        guard let text, let written else { throw Problem.notFound }
        let bytes = Bytes(written)
        return .content(
            bytes, request: request, contentType: "application/vnd.apple.mpegurl",
            etag: Self.etag(bytes),
            cacheControl: text.isComplete ? "private, max-age=60" : "private, no-cache")
    }

    /// The pictures of the seek bar as WebVTT whose cues name pieces of the sheets.
    private func storyboard(of id: Identifier, _ request: Request) async throws -> Response {
        let video = try await database.read { try VideoStore.video(id, in: $0) }
        guard let video, let board = video.storyboard else { throw Problem.notFound }
        let query = Self.signedQuery(request.rawTarget)
        var text = "WEBVTT\n"
        for number in 0..<min(board.count, 100_000) {
            let start = Int64(number) * board.intervalMilliseconds
            let end = min(start + board.intervalMilliseconds, video.durationMilliseconds)
            guard end > start else { break }
            let (sheet, place) = number.quotientAndRemainder(
                dividingBy: board.columns * board.rows)
            let (row, column) = place.quotientAndRemainder(dividingBy: board.columns)
            text += "\n\(CaptionText.stamp(start)) --> \(CaptionText.stamp(end))\n"
            text += "storyboard/\(sheet).jpg?\(query)#xywh=\(column * board.tileWidth),"
            text += "\(row * board.tileHeight),\(board.tileWidth),\(board.tileHeight)\n"
        }
        let bytes = Bytes(text)
        return .content(
            bytes, request: request, contentType: "text/vtt; charset=utf-8",
            etag: Self.etag(bytes), cacheControl: "private, max-age=3600")
    }

    /// A file of the film. Segments never change once they are published; pictures and captions
    /// may.
    private func object(
        _ path: MediaPath, of id: Identifier, _ request: Request
    ) async throws -> Response {
        let key: ObjectKey
        let type: String
        var isImmutable = true
        switch path {
        case .initialization(let rendition):
            (key, type) = (try MediaKeys.initialization(id, rendition), "video/mp4")
        case .segment(let rendition, let number):
            (key, type) = (try MediaKeys.segment(id, rendition, number), "video/iso.segment")
        case .sheet(let number):
            (key, type) = (try MediaKeys.sheet(id, number), "image/jpeg")
        case .thumbnail:
            (key, type, isImmutable) = (try MediaKeys.thumbnail(id), "image/jpeg", false)
        case .caption(let language):
            (key, type) = (try MediaKeys.caption(id, language), "text/vtt; charset=utf-8")
            isImmutable = false
        default: throw Problem.notFound
        }
        let found = try await store.open(key)
        return .file(
            found.file, size: found.sizeBytes, request: request, contentType: type,
            etag: found.etag, modified: found.modified,
            cacheControl: isImmutable
                ? "private, max-age=31536000, immutable" : "private, max-age=300")
    }

    /// The query as it was sent and verified, to be handed on to all that a playlist names.
    static func signedQuery(_ target: String) -> String {
        target.firstIndex(of: "?").map { String(target[target.index(after: $0)...]) } ?? ""
    }

    static func etag(_ bytes: Bytes) -> String {
        let digest = Cryptography.sha256(bytes.array)
        return "\"" + TextEncoding.base64url(Array(digest.prefix(12))) + "\""
    }
}
