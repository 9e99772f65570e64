internal import Base
internal import Contracts
internal import Database
internal import HTTP
internal import HTTPWire

private struct UploadRequest: Decodable {
    let filename: String
    let size: Int64
    let title: String?
    let description: String?
    let privacy: String?
    let password: String?
}

/// Uploads in one request to a pre-signed address.
extension Videos {
    func addUploadRoutes(to router: inout Router) {
        router.post("/api/videos/upload") { try await self.beginUpload($0) }
        router.put("/api/uploads/{id}/content") { try await self.putContent($0) }
        router.post("/api/videos/{id}/complete") { try await self.complete($0) }
        router.post("/api/videos/{id}/retry") { try await self.retry($0) }
    }

    private func beginUpload(_ request: Request) async throws -> Response {
        let principal = try await authentication.require(for: request)
        let wish = try await request.body.json(UploadRequest.self)
        let draft = try VideoDraft(
            filename: wish.filename, size: wish.size, title: wish.title,
            description: wish.description, privacy: wish.privacy, password: wish.password,
            sizeMax: settings.uploadBytesMax)
        let upload = try await createUpload(draft, owner: principal)
        let video = try await visible(upload.videoID, to: principal)
        let path = "/api/uploads/\(upload.id)/content"
        let query = links.signer.sign(path: path, method: .put, expires: upload.expiresAt)
        let origin = settings.publicOrigin ?? ""
        let target = UploadBody.Target(
            method: "PUT", url: origin + path + "?" + query,
            headers: ["Content-Type": "application/octet-stream"], expiresAt: upload.expiresAt,
            tusUrl: origin + "/api/uploads/\(upload.id)")
        let body = UploadBody(
            video: try await body(of: video, viewer: principal), upload: target)
        return try .json(body, status: .created)
    }

    private func putContent(_ request: Request) async throws -> Response {
        try links.signer.verify(
            path: request.path, method: .put, query: request.query, now: now)
        let id = try request.parameter("id", as: Identifier.self)
        try await receiveWhole(id, from: request.body)
        return .noContent
    }

    private func complete(_ request: Request) async throws -> Response {
        let (video, principal) = try await managed(
            try request.parameter("id", as: Identifier.self), by: request)
        if video.status == .uploading { try await completeUpload(of: video.id) }
        let queued = try await visible(video.id, to: principal)
        return try .json(try await body(of: queued, viewer: principal), status: .accepted)
    }

    private func retry(_ request: Request) async throws -> Response {
        let (video, principal) = try await managed(
            try request.parameter("id", as: Identifier.self), by: request)
        guard video.status == .failed else {
            throw Problem.conflict("Only a video that failed can be tried again.")
        }
        guard try await hasSource(video.id) else {
            throw Problem.gone("The film is not kept any more; upload it again.")
        }
        try await database.write { transaction in
            try VideoStore.setStatus(.queued, of: video.id, in: transaction)
            try self.enqueue(video.id, in: transaction)
        }
        let queued = try await visible(video.id, to: principal)
        return try .json(try await body(of: queued, viewer: principal), status: .accepted)
    }
}
