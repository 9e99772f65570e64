internal import Base
internal import Contracts
internal import HTTP
internal import HTTPWire

/// Resumable uploads by tus 1.0.0 at `/api/uploads`.
extension Videos {
    func addTusRoutes(to router: inout Router) {
        router.options("/api/uploads") { _ in self.tusOptions() }
        router.options("/api/uploads/{id}") { _ in self.tusOptions() }
        router.post("/api/uploads", tus { try await self.tusCreate($0) })
        router.head("/api/uploads/{id}", tus { try await self.tusHead($0) })
        router.patch("/api/uploads/{id}", tus { try await self.tusPatch($0) })
        router.delete("/api/uploads/{id}", tus { try await self.tusDelete($0) })
        // For clients behind something that lets only GET and POST through.
        router.post("/api/uploads/{id}", tus { try await self.tusOverridden($0) })
    }

    private func tusOptions() -> Response {
        Response(
            status: .noContent,
            headers: [
                "Tus-Resumable": TusHeaders.version, "Tus-Version": TusHeaders.version,
                "Tus-Extension": TusHeaders.extensions,
                "Tus-Checksum-Algorithm": StreamingDigest.Algorithm.allCases
                    .map(\.rawValue).joined(separator: ","),
                "Tus-Max-Size": "\(settings.uploadBytesMax)",
            ])
    }

    /// Checks the protocol's version, and names it in every answer, also in a refusal.
    private func tus(_ handler: @escaping Handler) -> Handler {
        { request in
            guard request.headers["Tus-Resumable"] == TusHeaders.version else {
                throw Problem(
                    .preconditionFailed, "Tus-Resumable must be \(TusHeaders.version).",
                    headers: [
                        "Tus-Version": TusHeaders.version, "Tus-Resumable": TusHeaders.version,
                    ])
            }
            do {
                var response = try await handler(request)
                response.headers["Tus-Resumable"] = TusHeaders.version
                return response
            } catch let error as any ProblemConvertible {
                var problem = error.problem
                problem.headers["Tus-Resumable"] = TusHeaders.version
                throw problem
            } catch var problem as Problem {
                problem.headers["Tus-Resumable"] = TusHeaders.version
                throw problem
            }
        }
    }

    private func tusOverridden(_ request: Request) async throws -> Response {
        switch request.headers["X-HTTP-Method-Override"] {
        case "PATCH": return try await tusPatch(request)
        case "DELETE": return try await tusDelete(request)
        case "HEAD": return try await tusHead(request)
        default:
            throw Problem(
                .methodNotAllowed, "Name the method in X-HTTP-Method-Override.",
                headers: ["Allow": "DELETE, HEAD, OPTIONS, PATCH"])
        }
    }

    private func tusCreate(_ request: Request) async throws -> Response {
        let principal = try await authentication.require(for: request)
        guard let size = TusHeaders.number(request.headers["Upload-Length"]) else {
            throw Problem.badRequest("Upload-Length must be the number of bytes.")
        }
        guard size <= settings.uploadBytesMax else {
            throw Problem.contentTooLarge(
                "A film may have at most \(settings.uploadBytesMax) bytes.")
        }
        let header = request.headers["Upload-Metadata"] ?? ""
        guard let metadata = TusHeaders.metadata(header) else {
            throw Problem.badRequest("Upload-Metadata is not pairs of a key and base64.")
        }
        let name = metadata["filename"] ?? metadata["name"] ?? ""
        let draft = try VideoDraft(
            filename: name.isEmpty ? "film" : name, size: size,
            title: metadata["title"], description: metadata["description"],
            privacy: metadata["privacy"], password: metadata["password"],
            sizeMax: settings.uploadBytesMax)
        // The password is kept as a hash only, so the metadata is not stored with it.
        let kept = metadata["password"] == nil ? header : ""
        let upload = try await createUpload(draft, owner: principal, metadata: kept)
        var offset: Int64 = 0
        if request.headers["Content-Type"] == TusHeaders.bodyType, !request.body.isEmpty {
            let checksum = try checksum(request)
            offset = try await exclusively(upload.id) {
                try await receive(upload, at: 0, from: request.body, checksum: checksum)
            }
            if offset == size { try await completeUpload(of: upload.videoID) }
        }
        var response = Response(status: .created)
        response.headers["Location"] = (settings.publicOrigin ?? "") + "/api/uploads/\(upload.id)"
        response.headers["Upload-Offset"] = "\(offset)"
        response.headers["Upload-Expires"] = HTTPDate.format(upload.expiresAt)
        response.headers["X-Video-Id"] = "\(upload.videoID)"
        return response
    }

    private func tusHead(_ request: Request) async throws -> Response {
        let upload = try await ownUpload(request)
        let isWhole = try await isWhole(upload)
        var response = Response(status: .ok)
        response.headers["Upload-Offset"] =
            "\(isWhole ? upload.sizeBytes : upload.offsetBytes)"
        response.headers["Upload-Length"] = "\(upload.sizeBytes)"
        response.headers["Cache-Control"] = "no-store"
        if !upload.metadata.isEmpty { response.headers["Upload-Metadata"] = upload.metadata }
        if !isWhole { response.headers["Upload-Expires"] = HTTPDate.format(upload.expiresAt) }
        response.headers["X-Video-Id"] = "\(upload.videoID)"
        return response
    }

    private func tusPatch(_ request: Request) async throws -> Response {
        let id = try await ownUpload(request).id
        guard request.headers["Content-Type"] == TusHeaders.bodyType else {
            throw Problem.unsupportedMediaType("The body must be \(TusHeaders.bodyType).")
        }
        guard let offset = TusHeaders.number(request.headers["Upload-Offset"]) else {
            throw Problem.badRequest("Upload-Offset must be a number.")
        }
        let checksum = try checksum(request)
        return try await exclusively(id) {
            // Read again: the writer before us may have moved it.
            let upload = try await upload(id)
            let stands = try await isWhole(upload) ? upload.sizeBytes : upload.offsetBytes
            guard offset == stands else {
                throw Problem.conflict("This upload stands at \(stands).")
            }
            var reached = stands
            if stands < upload.sizeBytes {
                reached = try await receive(
                    upload, at: offset, from: request.body, checksum: checksum)
            }
            if reached == upload.sizeBytes { try await completeUpload(of: upload.videoID) }
            var response = Response.noContent
            response.headers["Upload-Offset"] = "\(reached)"
            if reached < upload.sizeBytes {
                response.headers["Upload-Expires"] = HTTPDate.format(upload.expiresAt)
            }
            return response
        }
    }

    private func tusDelete(_ request: Request) async throws -> Response {
        try await terminate(try await ownUpload(request))
        return .noContent
    }

    private func checksum(_ request: Request) throws(Problem) -> TusHeaders.Checksum? {
        guard let header = request.headers["Upload-Checksum"] else { return nil }
        guard let checksum = TusHeaders.checksum(header) else {
            throw Problem.badRequest("Upload-Checksum must be sha1 or sha256 and a base64 digest.")
        }
        return checksum
    }

    /// The upload that the path names, when the sender began it. Others' look like none.
    private func ownUpload(_ request: Request) async throws -> Upload {
        let principal = try await authentication.require(for: request)
        let upload = try await upload(try request.parameter("id", as: Identifier.self))
        guard upload.ownerID == principal.userID else { throw Problem.notFound }
        return upload
    }
}
