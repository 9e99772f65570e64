internal import Base
internal import Contracts
internal import Database
internal import HTTP
internal import HTTPWire
internal import ObjectStore

private struct ChapterList: Codable {
    let chapters: [Chapter]
}

/// Captions and chapters.
extension Videos {
    func addCaptionRoutes(to router: inout Router) {
        router.get("/api/videos/{id}/captions/{language}") { try await self.getCaption($0) }
        router.put("/api/videos/{id}/captions/{language}") { try await self.putCaption($0) }
        router.delete("/api/videos/{id}/captions/{language}") {
            try await self.deleteCaption($0)
        }
        router.get("/api/videos/{id}/chapters") { try await self.getChapters($0) }
        router.put("/api/videos/{id}/chapters") { try await self.putChapters($0) }
    }

    private func language(_ request: Request) throws(Problem) -> String {
        let tag = try request.parameter("language", as: String.self).lowercased()
        guard VideoRules.isLanguage(tag) else { throw .notFound }
        return tag
    }

    private func getCaption(_ request: Request) async throws -> Response {
        let language = try language(request)
        let viewer = try await authentication.principal(for: request)
        let video = try await visible(
            try request.parameter("id", as: Identifier.self), to: viewer)
        guard VideoAccess.plays(video, viewer: viewer) else {
            throw Problem.forbidden("This film needs its password.")
        }
        let text = try await store.read(
            MediaKeys.caption(video.id, language), limit: CaptionText.bytesMax * 2)
        return uncached(
            .text(text.string, contentType: "text/vtt; charset=utf-8"))
    }

    private func putCaption(_ request: Request) async throws -> Response {
        let language = try language(request)
        let (video, _) = try await managed(
            try request.parameter("id", as: Identifier.self), by: request)
        let bytes = try await request.body.collect(limit: CaptionText.bytesMax)
        let text: CaptionText
        do {
            text = try CaptionText(bytes.array)
        } catch {
            throw Self.problem(error)
        }
        let label = String((request.query["label"] ?? language).prefix(64))
        guard VideoRules.problem(title: label) == nil else {
            throw Problem.unprocessable([
                FieldError(field: "label", detail: "holds characters that cannot be shown")
            ])
        }
        let now = now
        let others = try await database.read {
            try CaptionStore.captions(of: video.id, in: $0).filter { $0.language != language }
        }
        guard others.count < CaptionStore.captionsMax else {
            throw Problem.conflict("A video may have \(CaptionStore.captionsMax) captions.")
        }
        try await store.put(MediaKeys.caption(video.id, language), Bytes(text.webVTT))
        try await database.write { transaction in
            try CaptionStore.put(
                CaptionRecord(language: language, label: label), of: video.id, now: now,
                in: transaction)
        }
        return .noContent
    }

    private static func problem(_ error: CaptionText.CaptionError) -> Problem {
        switch error {
        case .notText: .unprocessable("The captions are not UTF-8 text.")
        case .tooManyCues: .contentTooLarge("The captions have too many cues.")
        case .noCues: .unprocessable("There is no cue in it: send WebVTT or SubRip.")
        case .malformedTime(let line): .unprocessable("Line \(line) is not the time of a cue.")
        }
    }

    private func deleteCaption(_ request: Request) async throws -> Response {
        let language = try language(request)
        let (video, _) = try await managed(
            try request.parameter("id", as: Identifier.self), by: request)
        let wasThere = try await database.write { transaction in
            try CaptionStore.remove(language, of: video.id, in: transaction)
        }
        guard wasThere else { throw Problem.notFound }
        try await store.delete(MediaKeys.caption(video.id, language))
        return .noContent
    }

    private func getChapters(_ request: Request) async throws -> Response {
        let viewer = try await authentication.principal(for: request)
        let video = try await visible(
            try request.parameter("id", as: Identifier.self), to: viewer)
        let chapters = try await database.read {
            try CaptionStore.chapters(of: video.id, in: $0)
        }
        return try uncached(.json(ChapterList(chapters: chapters)))
    }

    private func putChapters(_ request: Request) async throws -> Response {
        let (video, _) = try await managed(
            try request.parameter("id", as: Identifier.self), by: request)
        let list = try await request.body.json(ChapterList.self, limit: 256 << 10)
        var errors: [FieldError] = []
        if list.chapters.count > VideoRules.chaptersMax {
            errors.append(
                FieldError(
                    field: "chapters", detail: "may be at most \(VideoRules.chaptersMax)"))
        }
        for (index, chapter) in list.chapters.prefix(VideoRules.chaptersMax).enumerated() {
            if let reason = VideoRules.problem(title: chapter.title) {
                errors.append(FieldError(field: "chapters.\(index).title", detail: reason))
            }
            let isLater =
                index == 0 || chapter.startMs > list.chapters[index - 1].startMs
            if chapter.startMs < 0 || !isLater {
                errors.append(
                    FieldError(
                        field: "chapters.\(index).start_ms", detail: "must rise from 0 on"))
            }
        }
        guard errors.isEmpty else { throw Problem.unprocessable(errors) }
        try await database.write { transaction in
            try CaptionStore.setChapters(list.chapters, of: video.id, in: transaction)
        }
        return try uncached(.json(list))
    }
}
