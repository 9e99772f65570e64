import Base
import HTTP
import HTTPWire
import ObjectStore
import Ring
import Testing
import Videos

@Suite("Videos: tus") struct TusTests {
    private static let version = ("Tus-Resumable", "1.0.0")
    private static let type = ("Content-Type", "application/offset+octet-stream")

    private func create(
        _ fixture: Fixture, _ token: String, size: Int = 10, headers: [(String, String)] = [],
        body: Bytes? = nil
    ) async throws -> Answer {
        try await fixture.send(
            .post, "/api/uploads", body: body, token: token,
            headers: [Self.version, ("Upload-Length", "\(size)")] + headers)
    }

    private func patch(
        _ fixture: Fixture, _ path: String, _ token: String, at offset: Int, _ text: String,
        headers: [(String, String)] = []
    ) async throws -> Answer {
        try await fixture.send(
            .patch, path, body: Bytes(text), token: token,
            headers: [Self.version, Self.type, ("Upload-Offset", "\(offset)")] + headers)
    }

    @Test func optionsNameTheProtocol() async throws {
        let fixture = try await Fixture()
        let answer = try await fixture.send(.options, "/api/uploads")
        #expect(answer.status == 204)
        #expect(answer.headers["tus-version"] == "1.0.0")
        #expect(answer.headers["tus-checksum-algorithm"] == "sha1,sha256")
        #expect(answer.headers["tus-extension"]?.contains("creation-with-upload") == true)
        await fixture.end()
    }

    @Test func piecesMakeAVideo() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.user("minh")
        let made = try await create(
            fixture, token, headers: [("Upload-Metadata", "filename Y2F0Lm1wNA==,privacy cHVibGlj")]
        )
        #expect(made.status == 201)
        let path = try #require(made.headers["location"])
        let video = try #require(made.headers["x-video-id"])
        #expect(try await patch(fixture, path, token, at: 0, "01234").status == 204)
        let head = try await fixture.send(.head, path, token: token, headers: [Self.version])
        #expect(head.status == 200)
        #expect(head.headers["upload-offset"] == "5")
        #expect(head.headers["upload-length"] == "10")
        #expect(head.headers["cache-control"] == "no-store")
        let last = try await patch(fixture, path, token, at: 5, "56789")
        #expect(last.headers["upload-offset"] == "10")
        let shown = try await fixture.send(.get, "/api/videos/\(video)", token: token)
        #expect(shown.json["status"]?.text == "queued")
        #expect(shown.json["title"]?.text == "cat")
        #expect(shown.json["privacy"]?.text == "public")
        await fixture.end()
    }

    @Test func creationMayBringBytes() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.user("minh")
        let made = try await create(
            fixture, token, headers: [Self.type], body: Bytes("0123456789"))
        #expect(made.status == 201)
        #expect(made.headers["upload-offset"] == "10")
        await fixture.end()
    }

    @Test func refusals() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.user("minh")
        let other = try await fixture.user("lan")
        let path = try #require(try await create(fixture, token).headers["location"])
        #expect(try await patch(fixture, path, token, at: 3, "x").status == 409)
        #expect(try await patch(fixture, path, token, at: 0, "01234567890").status == 413)
        #expect(try await patch(fixture, path, other, at: 0, "x").status == 404)
        let untyped = try await fixture.send(
            .patch, path, body: Bytes("x"), token: token,
            headers: [Self.version, ("Upload-Offset", "0")])
        #expect(untyped.status == 415)
        let old = try await fixture.send(
            .head, path, token: token, headers: [("Tus-Resumable", "0.2.2")])
        #expect(old.status == 412)
        #expect(old.headers["tus-version"] == "1.0.0")
        for number in ["-1", "+1", "1e3", "", "99999999999999999999", "x"] {
            let bad = try await fixture.send(
                .patch, path, body: Bytes("x"), token: token,
                headers: [Self.version, Self.type, ("Upload-Offset", number)])
            #expect(bad.status == 400)
        }
        let nobody = try await fixture.send(.head, path, headers: [Self.version])
        #expect(nobody.status == 401)
        #expect(nobody.headers["tus-resumable"] == "1.0.0")
        await fixture.end()
    }

    @Test func checksums() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.user("minh")
        let path = try #require(try await create(fixture, token).headers["location"])
        let good = "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0="
        let wrong = try await patch(
            fixture, path, token, at: 0, "hello worle", headers: [])
        #expect(wrong.status == 413)
        let bad = try await patch(
            fixture, path, token, at: 0, "hello wor", headers: [("Upload-Checksum", good)])
        #expect(bad.status == 460)
        let unknown = try await patch(
            fixture, path, token, at: 0, "hello", headers: [("Upload-Checksum", "md5 AAAA")])
        #expect(unknown.status == 400)
        let head = try await fixture.send(.head, path, token: token, headers: [Self.version])
        #expect(head.headers["upload-offset"] == "0")
        let digest = Cryptography.sha1(Array("hello worl".utf8))
        let right = try await patch(
            fixture, path, token, at: 0, "hello worl",
            headers: [("Upload-Checksum", "sha1 \(base64(digest))")])
        #expect(right.status == 204)
        await fixture.end()
    }

    /// Padded base64 of 20 bytes.
    private func base64(_ bytes: [UInt8]) -> String {
        let text = TextEncoding.base64url(bytes).map {
            $0 == "-" ? "+" : $0 == "_" ? "/" : $0
        }
        return String(text) + String(repeating: "=", count: (4 - text.count % 4) % 4)
    }

    @Test func uploadsGoOnAfterARestart() async throws {
        let first = try await Fixture()
        let token = try await first.user("minh")
        let made = try await create(first, token)
        let path = try #require(made.headers["location"])
        let id = try #require(path.split(separator: "/").last)
        #expect(try await patch(first, path, token, at: 0, "0123").status == 204)
        await first.leave()
        // Bytes that were written but never acknowledged, as a crash leaves them.
        let partial = first.folder + "/store/partial/\(id)"
        let second = try await Fixture(earlier: first.folder)
        try await second.cores.cores[0].run {
            let file = try await File.open(partial, .readWrite)
            try await file.write(Bytes("XXXX"), at: 4)
        }
        let head = try await second.send(.head, path, token: token, headers: [Self.version])
        #expect(head.headers["upload-offset"] == "4")
        #expect(try await patch(second, path, token, at: 8, "89").status == 409)
        #expect(try await patch(second, path, token, at: 4, "456789").status == 204)
        let video = try #require(made.headers["x-video-id"])
        let store = second.store
        let film = try await second.cores.cores[0].run {
            guard let key = ObjectKey("sources/\(video)") else { return Bytes() }
            return try await store.read(key)
        }
        #expect(film.string == "0123456789")
        await second.end()
    }

    @Test func terminationAndExpiry() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.user("minh")
        let path = try #require(try await create(fixture, token).headers["location"])
        #expect(try await patch(fixture, path, token, at: 0, "01").status == 204)
        let gone = try await fixture.send(
            .post, path, token: token,
            headers: [Self.version, ("X-HTTP-Method-Override", "DELETE")])
        #expect(gone.status == 204)
        let head = try await fixture.send(.head, path, token: token, headers: [Self.version])
        #expect(head.status == 404)
        let second = try #require(try await create(fixture, token).headers["location"])
        fixture.clock.advance(.seconds(24 * 3600 + 1))
        let later = try await fixture.logIn("minh")
        #expect(try await patch(fixture, second, later, at: 0, "01").status == 410)
        let videos = fixture.videos
        try await fixture.cores.cores[0].run { try await videos.sweep() }
        let swept = try await fixture.send(
            .head, second, token: later, headers: [Self.version])
        #expect(swept.status == 404)
        await fixture.end()
    }

    @Test(arguments: [
        ("filename", true), ("", true), ("a b c", false), ("a !!!", false), (",", false),
        ("a YQ==,a YQ==", false), ("a YQ==, b Yg==", true), ("a /w==", false),
    ])
    func metadata(header: String, isGood: Bool) async throws {
        let fixture = try await Fixture()
        let token = try await fixture.user("minh")
        let answer = try await create(
            fixture, token, headers: [("Upload-Metadata", header)])
        #expect((answer.status == 201) == isGood)
        #expect(answer.status == 201 || answer.status == 400)
        await fixture.end()
    }
}
