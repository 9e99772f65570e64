import Base
import HTTP
import HTTPWire
import Testing
import Videos

@Suite("Videos: pages and feeds") struct PageTests {
    @Test func privacyDecidesWhoSees() async throws {
        let fixture = try await Fixture()
        let owner = try await fixture.user("minh")
        let other = try await fixture.user("lan")
        var ids: [String: String] = [:]
        for privacy in ["public", "unlisted", "followers", "private"] {
            ids[privacy] = try await fixture.film(owner, privacy: privacy)
        }
        func status(_ privacy: String, _ token: String?) async throws -> Int {
            try await fixture.send(.get, "/api/videos/\(ids[privacy] ?? "")", token: token).status
        }
        #expect(try await status("public", nil) == 200)
        #expect(try await status("unlisted", nil) == 200)
        #expect(try await status("followers", other) == 404)
        #expect(try await status("private", other) == 404)
        for privacy in ids.keys { #expect(try await status(privacy, owner) == 200) }
        let me = try await fixture.send(.get, "/api/me", token: owner)
        let ownerID = try #require(me.json["id"]?.text)
        let follow = try await fixture.send(
            .put, "/api/users/\(ownerID)/follow", token: other)
        #expect(follow.status == 204)
        #expect(try await status("followers", other) == 200)
        let feed = try await fixture.send(.get, "/api/feed?sort=new")
        #expect(feed.json["items"]?.items.map { $0["id"]?.text } == [ids["public"]])
        let following = try await fixture.send(.get, "/api/feed?sort=following", token: other)
        #expect(following.json["items"]?.items.count == 2)
        #expect(try await fixture.send(.get, "/api/feed?sort=following").status == 401)
        let mine = try await fixture.send(.get, "/api/videos?mine=1", token: owner)
        #expect(mine.json["items"]?.items.count == 4)
        await fixture.end()
    }

    @Test func passwordsUnlock() async throws {
        let fixture = try await Fixture()
        let owner = try await fixture.user("minh")
        let id = try await fixture.film(
            owner, privacy: "password", more: #","password":"open sesame""#)
        let shown = try await fixture.send(.get, "/api/videos/\(id)")
        #expect(shown.status == 200)
        #expect(shown.json["hls_url"] == nil)
        #expect(shown.json["thumbnail_url"] == nil)
        #expect(shown.json["needs_password"] == .bool(true))
        #expect(try await fixture.send(.get, "/api/movies/\(id)").status == 404)
        let path = "/api/videos/\(id)/unlock"
        #expect(try await fixture.send(.post, path, #"{"password":"x"}"#).status == 403)
        let open = try await fixture.send(.post, path, #"{"password":"open sesame"}"#)
        let url = try #require(open.json["hls_url"]?.text)
        #expect(try await fixture.send(.get, url).status == 200)
        var last = 0
        for _ in 0..<12 {
            last = try await fixture.send(.post, path, #"{"password":"x"}"#).status
        }
        #expect(last == 429)
        await fixture.end()
    }

    @Test(arguments: ["new", "hot", "mix"])
    func feedsNeitherSkipNorRepeat(sort: String) async throws {
        let fixture = try await Fixture()
        let token = try await fixture.user("minh")
        var made: Set<String> = []
        for _ in 0..<7 { made.insert(try await fixture.film(token)) }
        var seen: [String] = []
        var cursor = ""
        repeat {
            let page = try await fixture.send(
                .get, "/api/feed?sort=\(sort)&limit=2&cursor=\(cursor)")
            #expect(page.status == 200)
            seen += page.json["items"]?.items.compactMap { $0["id"]?.text } ?? []
            cursor = page.json["next_cursor"]?.text ?? ""
            if seen.count == 4 { _ = try await fixture.film(token) }
        } while !cursor.isEmpty
        #expect(Set(seen).count == seen.count)
        #expect(made.subtracting(seen).isEmpty)
        await fixture.end()
    }

    @Test(arguments: [
        "sort=best", "limit=0", "limit=101", "limit=x", "cursor=x", "cursor=AAAA",
    ])
    func badListRequestsAreRefused(query: String) async throws {
        let fixture = try await Fixture()
        let answer = try await fixture.send(.get, "/api/feed?\(query)")
        #expect(answer.status == 422)
        #expect(answer.fields.count == 1)
        await fixture.end()
    }

    @Test func moviesHaveTheShapeOfTheCatalogue() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.user("minh")
        let id = try await fixture.film(token)
        let list = try await fixture.send(.get, "/api/movies")
        let movie = try #require(list.json.items.first)
        #expect(movie["_id"]?.text == id)
        #expect(movie["title"]?.text == "my film")
        #expect(movie["metadata"]?["duration"]?.text == "00:00:12")
        #expect(movie["metadata"]?["codec"]?.text == "h264")
        #expect(movie["metadata"]?["resolutions"]?.items == [.text("720p"), .text("360p")])
        #expect(movie["created_at"]?.text != nil)
        let one = try await fixture.send(.get, "/api/movies/\(id)")
        #expect(one.json["_id"]?.text == id)
        let url = try #require(one.json["hls_url"]?.text)
        #expect(try await fixture.send(.get, url).status == 200)
        await fixture.end()
    }

    @Test func ownersChangeAndDelete() async throws {
        let fixture = try await Fixture()
        let owner = try await fixture.user("minh")
        let other = try await fixture.user("lan")
        let id = try await fixture.film(owner)
        let path = "/api/videos/\(id)"
        #expect(try await fixture.send(.patch, path, #"{"title":"x"}"#).status == 401)
        #expect(
            try await fixture.send(.patch, path, #"{"title":"x"}"#, token: other).status == 403)
        let bad = try await fixture.send(
            .patch, path, #"{"title":"","privacy":"x","password":""}"#, token: owner)
        #expect(bad.fields == ["title", "privacy", "password"])
        let changed = try await fixture.send(
            .patch, path, #"{"title":"New","description":"a\nb"}"#, token: owner)
        #expect(changed.json["title"]?.text == "New")
        let url = try #require(changed.json["hls_url"]?.text)
        #expect(try await fixture.send(.delete, path, token: other).status == 403)
        #expect(try await fixture.send(.delete, path, token: owner).status == 204)
        #expect(try await fixture.send(.get, path, token: owner).status == 404)
        #expect(try await fixture.send(.get, url).status == 404)
        await fixture.end()
    }

    @Test func captionsAndChapters() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.user("minh")
        let id = try await fixture.film(token)
        let path = "/api/videos/\(id)/captions/vi"
        let srt = "1\r\n00:00:01,000 --> 00:00:02,500\r\nXin chào\r\n\r\n"
        let put = try await fixture.send(.put, path, body: Bytes(srt), token: token)
        #expect(put.status == 204)
        let got = try await fixture.send(.get, path)
        #expect(
            got.body.string == "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nXin chào\n")
        for text in ["", "hello", "x --> y\nz", "00:00 --> 00:01\nx", "\u{0}"] {
            let bad = try await fixture.send(.put, path, body: Bytes(text), token: token)
            #expect(bad.status == 422)
        }
        let traversal = try await fixture.send(
            .put, "/api/videos/\(id)/captions/e..n", body: Bytes(srt), token: token)
        #expect(traversal.status == 404)
        #expect(try await fixture.send(.delete, path, token: token).status == 204)
        #expect(try await fixture.send(.get, path).status == 404)
        let chapters = "/api/videos/\(id)/chapters"
        let good = #"{"chapters":[{"start_ms":0,"title":"a"},{"start_ms":5,"title":"b"}]}"#
        #expect(try await fixture.send(.put, chapters, good, token: token).status == 200)
        let read = try await fixture.send(.get, chapters)
        #expect(read.json["chapters"]?.items.count == 2)
        let bad = #"{"chapters":[{"start_ms":5,"title":""},{"start_ms":5,"title":"b"}]}"#
        let refused = try await fixture.send(.put, chapters, bad, token: token)
        #expect(refused.fields == ["chapters.0.title", "chapters.1.start_ms"])
        await fixture.end()
    }

    @Test func captionTextBearsEveryCutAndChange() throws {
        let text = Array(
            "WEBVTT\n\nNOTE x\n\n1\n00:01.000 --> 00:02.000 line:0\nhello\nyou\n\n".utf8)
        for end in text.indices { _ = try? CaptionText(Array(text[..<end])) }
        var seed: UInt64 = 42
        for _ in 0..<5_000 {
            var changed = text
            for _ in 0..<3 {
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                changed[Int(seed >> 33) % changed.count] = UInt8(truncatingIfNeeded: seed >> 20)
            }
            if let read = try? CaptionText(changed) {
                let again = try CaptionText(Array(read.webVTT.utf8))
                #expect(again.cues.count <= read.cues.count)
            }
        }
    }
}
