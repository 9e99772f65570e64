import Accounts
import Base
import HTTP
import HTTPWire
import Ring
import Synchronization
import Testing
import Videos

@Suite("Videos: pipeline and delivery") struct PipelineTests {
    @Test func aFilmPlays() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.user("minh")
        let id = try await fixture.film(token)
        let shown = try await fixture.send(.get, "/api/videos/\(id)")
        #expect(shown.json["status"]?.text == "ready")
        #expect(shown.json["progress"] == .number(1))
        #expect(shown.json["duration"] == .number(12))
        #expect(shown.json["files"]?.items.count == 2)
        #expect(shown.json["files"]?.items.first?["codec"]?.text == "h264")
        #expect(shown.json["user"]?["username"]?.text == "minh")
        #expect(shown.json["filename"] == nil)
        let master = try #require(shown.json["hls_url"]?.text)
        let answer = try await fixture.send(.get, master)
        #expect(answer.status == 200)
        #expect(answer.headers["content-type"] == "application/vnd.apple.mpegurl")
        #expect(answer.headers["access-control-allow-origin"] == "*")
        let text = answer.body.string
        #expect(text.contains("CODECS=\"avc1.64001f,mp4a.40.2\""))
        #expect(text.contains("RESOLUTION=1280x720"))
        #expect(text.contains("FRAME-RATE=29.970"))
        #expect(text.contains("TYPE=SUBTITLES") && text.contains("LANGUAGE=\"eng\""))
        for name in ["720p/playlist.m3u8", "audio/playlist.m3u8", "360p/iframes.m3u8"] {
            #expect(text.contains(name + "?"))
        }
        let base = String(master.prefix { $0 != "?" }.dropLast("master.m3u8".count))
        let query = String(master.drop { $0 != "?" })
        let media = try await fixture.send(.get, base + "720p/playlist.m3u8" + query)
        #expect(media.body.string.hasSuffix("#EXT-X-ENDLIST\n"))
        #expect(media.body.string.contains("#EXT-X-PLAYLIST-TYPE:VOD"))
        #expect(media.body.string.contains("\n2.m4s" + query))
        let segment = try await fixture.send(.get, base + "720p/2.m4s" + query)
        #expect(segment.body == ScriptedWork.segment("720p", 2))
        #expect(segment.headers["cache-control"]?.contains("immutable") == true)
        let part = try await fixture.send(
            .get, base + "720p/2.m4s" + query, headers: [("Range", "bytes=2-5")])
        #expect(part.status == 206)
        #expect(part.body == ScriptedWork.segment("720p", 2)[2..<6])
        let tag = try #require(segment.headers["etag"])
        let same = try await fixture.send(
            .get, base + "720p/2.m4s" + query, headers: [("If-None-Match", tag)])
        #expect(same.status == 304)
        let board = try await fixture.send(.get, base + "storyboard.vtt" + query)
        #expect(board.body.string.contains("storyboard/1.jpg" + query + "#xywh=160,0,160,90"))
        for path in [
            "720p/init.mp4", "thumbnail.jpg", "storyboard/0.jpg", "captions/eng.vtt",
            "captions/eng.m3u8", "audio/0.m4s",
        ] {
            #expect(try await fixture.send(.get, base + path + query).status == 200)
        }
        for path in [
            "720p/3.m4s", "720p/03.m4s", "1080p/playlist.m3u8", "../x", "720p/../master.m3u8x",
            "audio/iframes.m3u8", "captions/..%2fx.vtt", "storyboard/9.jpg", "", "720p",
        ] {
            let nothing = try? await fixture.send(.get, base + path + query)
            #expect((400..<500).contains(nothing?.status ?? 400))
        }
        await fixture.end()
    }

    @Test func signaturesGuardEveryPath() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.user("minh")
        let one = try await fixture.film(token)
        let two = try await fixture.film(token)
        let shown = try await fixture.send(.get, "/api/videos/\(one)")
        let master = try #require(shown.json["hls_url"]?.text)
        let query = String(master.drop { $0 != "?" })
        let paths = ["master.m3u8", "720p/playlist.m3u8", "720p/0.m4s", "thumbnail.jpg"]
        for path in paths {
            #expect(try await fixture.send(.get, "/media/\(one)/\(path)").status == 403)
            #expect(try await fixture.send(.get, "/media/\(two)/\(path)\(query)").status == 403)
            #expect(try await fixture.send(.get, "/media/\(one)/\(path)\(query)0").status == 403)
        }
        for index in query.indices.dropFirst() {
            var changed = query
            changed.replaceSubrange(index...index, with: query[index] == "1" ? "2" : "1")
            let answer = try await fixture.send(.get, "/media/\(one)/master.m3u8" + changed)
            #expect(answer.status == 403 || answer.status == 400)
        }
        fixture.clock.advance(.seconds(2 * 3600 + 1))
        let expired = try await fixture.send(.get, master)
        #expect(expired.status == 403)
        #expect(expired.headers["content-type"] == "application/problem+json")
        await fixture.end()
    }

    @Test(arguments: 0..<9)
    func deathsAreResumedFromTheLastSegment(segments: Int) async throws {
        let fixture = try await Fixture()
        let token = try await fixture.user("minh")
        fixture.work.script.withLock { $0.deaths = [segments] }
        let id = try await fixture.film(token)
        let shown = try await fixture.send(.get, "/api/videos/\(id)", token: token)
        #expect(shown.json["status"]?.text == "ready")
        let emitted = fixture.work.script.withLock { $0.emitted }
        #expect(emitted.count == 9)
        #expect(Set(emitted).count == 9)
        #expect(fixture.work.script.withLock { $0.probes } == 2)
        await fixture.end()
    }

    @Test func itPlaysWhileItIsTranscoded() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.user("minh")
        let (id, url) = try await fixture.begin(token)
        let seen = Mutex<[Int: String]>([:])
        fixture.work.script.withLock { script in
            script.watch = { count in
                let shown = try await fixture.send(.get, "/api/videos/\(id)", token: token)
                let master = shown.json["hls_url"]?.text ?? ""
                let list = master.replacing("master.m3u8", with: "720p/playlist.m3u8")
                let text =
                    master.isEmpty ? "" : try await fixture.send(.get, list).body.string
                seen.withLock { $0[count] = text }
            }
        }
        _ = try await fixture.send(.put, url, body: Bytes([UInt8](repeating: 7, count: 3_000)))
        _ = try await fixture.send(.post, "/api/videos/\(id)/complete", token: token)
        try await fixture.settle(id)
        let texts = seen.withLock { $0 }
        // Pictures alone are not enough: the sound must have begun too.
        for count in 0..<3 { #expect(texts[count] == "") }
        for count in 3..<9 {
            let text = try #require(texts[count])
            #expect(text.contains("#EXT-X-PLAYLIST-TYPE:EVENT"))
            #expect(!text.contains("#EXT-X-ENDLIST"))
            #expect(text.split(separator: "#EXTINF").count - 1 == (count + 2) / 3)
        }
        fixture.work.script.withLock { $0.watch = nil }
        await fixture.end()
    }

    @Test func badFilmsFailWithWordsForTheirOwner() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.user("minh")
        fixture.work.script.withLock { $0.unusable = "This is a text file." }
        let id = try await fixture.film(token)
        let mine = try await fixture.send(.get, "/api/videos/\(id)", token: token)
        #expect(mine.json["status"]?.text == "failed")
        #expect(mine.json["failure"]?.text == "This is a text file.")
        #expect(try await fixture.send(.get, "/api/videos/\(id)").status == 404)
        fixture.work.script.withLock { $0.unusable = nil }
        let again = try await fixture.send(.post, "/api/videos/\(id)/retry", token: token)
        #expect(again.status == 202)
        try await fixture.settle(id)
        let ready = try await fixture.send(.get, "/api/videos/\(id)")
        #expect(ready.json["status"]?.text == "ready")
        let twice = try await fixture.send(.post, "/api/videos/\(id)/retry", token: token)
        #expect(twice.status == 409)
        await fixture.end()
    }

    @Test func deathAfterDeathEndsInFailure() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.user("minh")
        fixture.work.script.withLock { $0.deaths = [0, 0, 0, 0, 0] }
        let id = try await fixture.film(token)
        let mine = try await fixture.send(.get, "/api/videos/\(id)", token: token)
        #expect(mine.json["status"]?.text == "failed")
        await fixture.end()
    }

    @Test func pagesThatMayNotEmbedAreRefused() async throws {
        let fixture = try await Fixture { $0.embeddingHosts = ["good.example", "*.kind.example"] }
        let token = try await fixture.user("minh")
        let id = try await fixture.film(token)
        let shown = try await fixture.send(.get, "/api/videos/\(id)")
        let url = try #require(shown.json["hls_url"]?.text)
        for (page, status) in [
            ("https://good.example/a", 200), ("https://a.kind.example/", 200),
            ("http://localhost/watch", 200), ("https://evil.example/good.example", 403),
            ("https://good.example@evil.example/", 403), ("https://notgood.example", 403),
            ("null", 403),
        ] {
            let answer = try await fixture.send(.get, url, headers: [("Referer", page)])
            #expect(answer.status == status)
        }
        #expect(try await fixture.send(.get, url).status == 200)
        await fixture.end()
    }

    @Test func importCopiesAndQueues() async throws {
        let fixture = try await Fixture()
        let owner = try await fixture.accounts.addUser(
            name: "lan", email: nil, isAdmin: true, password: "correct horse")
        let (videos, path) = (fixture.videos, fixture.folder + "/My_Film.mkv")
        let principal = try #require(Fixture.principal(owner))
        let id = try await fixture.cores.cores[0].run {
            try await Fixture.write(Bytes([UInt8](repeating: 9, count: 5_000_000)), to: path)
            return try await videos.importFile(path, owner: principal) { done, total in
                #expect(done <= total && total == 5_000_000)
            }
        }
        let state = try #require(try await videos.state(of: id))
        #expect(state.title == "My Film")
        #expect(state.status == .queued)
        await fixture.end()
    }
}
