internal import Base
internal import Contracts
internal import Database
internal import HTTP
internal import HTTPWire

/// A list of videos by a column, highest first, with the id to tell equals apart.
struct FeedOrder: Sendable {
    /// Names the list in its cursors.
    let list: String
    let column: SQL
    let filter: SQL
}

/// The lists that people find videos by.
extension Videos {
    func addFeedRoutes(to router: inout Router) {
        router.get("/api/feed") { try await self.feed($0) }
        router.get("/api/movies") { try await self.movies($0) }
        router.get("/api/movies/{id}") { try await self.movie($0) }
    }

    private static let listed: SQL = "privacy = 'public' and is_playable"

    /// One page of `order`, and the cursor of the next. The row after the page is read too: it
    /// tells whether there is a next.
    func list(_ order: FeedOrder, _ page: PageRequest) async throws -> ([Video], String?) {
        let (column, filter, limit) = (order.column, order.filter, page.limit)
        var place: SQL = "1 = 1"
        if let cursor = page.cursor {
            place = """
                (\(sql: column) < \(cursor.position)
                    or (\(sql: column) = \(cursor.position) and videos.id < \(cursor.id)))
                """
        }
        let after = place
        let rows = try await database.read { reader in
            try reader.query(
                """
                select \(sql: Video.columns), \(sql: column) from videos
                where \(sql: filter) and \(sql: after)
                order by \(sql: column) desc, videos.id desc limit \(limit + 1)
                """
            ) { row in (try Video(row), try row.get(21, as: Int64.self)) }
        }
        let shown = rows.prefix(limit)
        guard rows.count > limit, let (last, position) = shown.last else {
            return (shown.map(\.0), nil)
        }
        let next = PageCursor(
            list: order.list, position: position, id: last.id, asOf: page.cursor?.asOf ?? now)
        return (shown.map(\.0), next.text)
    }

    private func order(
        _ sort: String, viewer: Principal?
    ) throws(Problem) -> FeedOrder {
        switch sort {
        case "new":
            return FeedOrder(list: "feed.new", column: "published_at", filter: Self.listed)
        case "hot": return FeedOrder(list: "feed.hot", column: "hot_rank", filter: Self.listed)
        case "mix": return FeedOrder(list: "feed.mix", column: "mix_rank", filter: Self.listed)
        case "following":
            guard let viewer else { throw .unauthorized("Sign in to see whom you follow.") }
            return FeedOrder(
                list: "feed.following", column: "published_at",
                filter: """
                    is_playable and privacy in ('public', 'followers') and owner_id in (
                        select followed_id from follows where follower_id = \(viewer.userID)
                    )
                    """)
        default:
            throw .unprocessable([
                FieldError(field: "sort", detail: "must be one of mix, new, hot, following")
            ])
        }
    }

    private func feed(_ request: Request) async throws -> Response {
        let viewer = try await authentication.principal(for: request)
        let order = try order(request.query["sort"] ?? "mix", viewer: viewer)
        let page = try PageRequest(request, list: order.list)
        let (videos, next) = try await list(order, page)
        let items = try await bodies(videos, viewer: viewer)
        return try uncached(.json(Page(items: items, nextCursor: next)))
    }

    /// The catalogue is a plain array, as the apps that read it expect; the next page is named by a
    /// `Link` header (RFC 8288).
    private func movies(_ request: Request) async throws -> Response {
        let order = FeedOrder(list: "movies", column: "published_at", filter: Self.listed)
        let page = try PageRequest(request, list: order.list)
        let (videos, next) = try await list(order, page)
        var response = try Response.json(try await details(videos).map(movie))
        if let next {
            response.headers["Link"] =
                "</api/movies?cursor=\(next)&limit=\(page.limit)>; rel=\"next\""
        }
        return uncached(response)
    }

    private func movie(_ request: Request) async throws -> Response {
        let viewer = try await authentication.principal(for: request)
        let video = try await visible(
            try request.parameter("id", as: Identifier.self), to: viewer)
        guard video.isPlayable, VideoAccess.plays(video, viewer: viewer),
            let detail = try await details([video]).first
        else { throw Problem.notFound }
        return try uncached(.json(movie(detail)))
    }
}
