internal import Base
internal import Contracts
internal import Database
internal import HTTP
internal import HTTPWire

private struct VideoPatch: Decodable {
    let title: String?
    let description: String?
    let privacy: String?
    let password: String?
}

private struct UnlockRequest: Decodable {
    let password: String
}

/// The pages of single videos.
extension Videos {
    func addPageRoutes(to router: inout Router) {
        router.get("/api/videos") { try await self.listMine($0) }
        router.get("/api/videos/{id}") { try await self.show($0) }
        router.patch("/api/videos/{id}") { try await self.update($0) }
        router.delete("/api/videos/{id}") { try await self.remove($0) }
        router.post("/api/videos/{id}/unlock") { try await self.unlock($0) }
        router.put("/api/users/{id}/follow") { try await self.follow($0, true) }
        router.delete("/api/users/{id}/follow") { try await self.follow($0, false) }
    }

    private func show(_ request: Request) async throws -> Response {
        let viewer = try await authentication.principal(for: request)
        let video = try await visible(
            try request.parameter("id", as: Identifier.self), to: viewer)
        return try uncached(.json(try await body(of: video, viewer: viewer)))
    }

    private func listMine(_ request: Request) async throws -> Response {
        guard request.query["mine"] == "1" else {
            throw Problem.unprocessable([
                FieldError(field: "mine", detail: "must be 1; others' videos are in /api/feed")
            ])
        }
        let principal = try await authentication.require(for: request)
        let page = try PageRequest(request, list: "videos.mine")
        let order = FeedOrder(
            list: "videos.mine", column: "created_at", filter: "owner_id = \(principal.userID)")
        let (videos, next) = try await list(order, page)
        let items = try await bodies(videos, viewer: principal)
        return try uncached(.json(Page(items: items, nextCursor: next)))
    }

    private func update(_ request: Request) async throws -> Response {
        let (video, principal) = try await managed(
            try request.parameter("id", as: Identifier.self), by: request)
        let patch = try await request.body.json(VideoPatch.self)
        let privacy = try checked(patch, of: video)
        var passwordHash: String?
        if privacy == .password, let password = patch.password {
            passwordHash = try await passwords.passwordHash(password)
        }
        let newHash = passwordHash
        let updated = try await database.write { transaction in
            try transaction.execute(
                """
                update videos set title = coalesce(\(patch.title), title),
                    description = coalesce(\(patch.description), description),
                    privacy = \(privacy.rawValue),
                    password_hash = coalesce(\(newHash), password_hash)
                where id = \(video.id)
                """)
            return try VideoStore.video(video.id, in: transaction)
        }
        guard let updated else { throw Problem.notFound }
        return try uncached(.json(try await body(of: updated, viewer: principal)))
    }

    /// Checks what is given, and gives the privacy that the video will have.
    private func checked(_ patch: VideoPatch, of video: Video) throws(Problem) -> Privacy {
        var errors: [FieldError] = []
        if let title = patch.title, let reason = VideoRules.problem(title: title) {
            errors.append(FieldError(field: "title", detail: reason))
        }
        if let text = patch.description, let reason = VideoRules.problem(description: text) {
            errors.append(FieldError(field: "description", detail: reason))
        }
        if let password = patch.password, let reason = VideoRules.problem(password: password) {
            errors.append(FieldError(field: "password", detail: reason))
        }
        let privacy = patch.privacy.map { Privacy(rawValue: $0) } ?? video.privacy
        if privacy == nil {
            errors.append(FieldError(field: "privacy", detail: VideoDraft.privacyWords))
        }
        if privacy == .password, video.privacy != .password, patch.password == nil {
            errors.append(FieldError(field: "password", detail: "is needed"))
        }
        guard errors.isEmpty, let privacy else { throw .unprocessable(errors) }
        return privacy
    }

    private func remove(_ request: Request) async throws -> Response {
        let (video, _) = try await managed(
            try request.parameter("id", as: Identifier.self), by: request)
        try await delete(video.id)
        return .noContent
    }

    private func unlock(_ request: Request) async throws -> Response {
        let viewer = try await authentication.principal(for: request)
        let video = try await visible(
            try request.parameter("id", as: Identifier.self), to: viewer)
        let attempt = try await request.body.json(UnlockRequest.self)
        guard video.privacy == .password else {
            return try uncached(.json(try await body(of: video, viewer: viewer)))
        }
        if let wait = unlocks.take("\(video.id) \(request.peer.limitKey)", now: now) {
            throw Problem.tooManyRequests(retryAfter: wait)
        }
        let hash = try await database.read {
            try VideoStore.passwordHash(of: video.id, in: $0)
        }
        guard let hash, attempt.password.utf8.count <= 512,
            try await passwords.matches(attempt.password, hash: hash)
        else { throw Problem.forbidden("The password is wrong.") }
        return try uncached(
            .json(try await body(of: video, viewer: viewer, isUnlocked: true)))
    }

    private func follow(_ request: Request, _ follows: Bool) async throws -> Response {
        let principal = try await authentication.require(for: request)
        let followed = try request.parameter("id", as: Identifier.self)
        guard followed != principal.userID else {
            throw Problem.conflict("Nobody can follow themselves.")
        }
        guard try await directory.users([followed])[followed] != nil else {
            throw Problem.notFound
        }
        let (now, follower) = (now, principal.userID)
        try await database.write { transaction in
            if follows {
                try transaction.execute(
                    """
                    insert into follows (follower_id, followed_id, created_at)
                    values (\(follower), \(followed), \(now))
                    on conflict (follower_id, followed_id) do nothing
                    """)
            } else {
                try transaction.execute(
                    """
                    delete from follows
                    where follower_id = \(follower) and followed_id = \(followed)
                    """)
            }
        }
        return .noContent
    }

    /// What holds signed addresses must not lie in a cache.
    func uncached(_ response: Response) -> Response {
        var response = response
        response.headers["Cache-Control"] = "private, no-store"
        return response
    }
}
