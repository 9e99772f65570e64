import Base
import HTTP
import HTTPWire
import Jobs
import Testing
import Videos

@Suite("Videos: upload") struct UploadTests {
    private let film = Bytes([UInt8](repeating: 7, count: 3_000))

    @Test func signedPutThenComplete() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.user("minh")
        let (id, url) = try await fixture.begin(token)
        let early = try await fixture.send(.post, "/api/videos/\(id)/complete", token: token)
        #expect(early.status == 409)
        #expect(try await fixture.send(.put, url, body: film).status == 204)
        #expect(try await fixture.send(.put, url, body: film).status == 204)
        for _ in 0..<2 {
            let done = try await fixture.send(.post, "/api/videos/\(id)/complete", token: token)
            #expect(done.status == 202)
            #expect(done.json["status"]?.text == "queued")
        }
        #expect(try await fixture.jobs.list().count == 1)
        await fixture.end()
    }

    @Test(arguments: [
        (0, 400), (2_999, 400), (3_001, 413),
    ])
    func sizesMustMatch(size: Int, status: Int) async throws {
        let fixture = try await Fixture()
        let token = try await fixture.user("minh")
        let (id, url) = try await fixture.begin(token)
        let answer = try await fixture.send(
            .put, url, body: Bytes([UInt8](repeating: 1, count: size)))
        #expect(answer.status == status)
        let complete = try await fixture.send(
            .post, "/api/videos/\(id)/complete", token: token)
        #expect(complete.status == 409)
        await fixture.end()
    }

    @Test func alteredAndExpiredAddressesAreRefused() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.user("minh")
        let (_, url) = try await fixture.begin(token)
        let (_, other) = try await fixture.begin(token)
        let query = String(url.drop { $0 != "?" })
        let elsewhere = String(other.prefix { $0 != "?" }) + query
        let unsigned = String(url.prefix { $0 != "?" })
        for address in [elsewhere, unsigned, url + "0"] {
            #expect(try await fixture.send(.put, address, body: film).status == 403)
        }
        fixture.clock.advance(.seconds(24 * 3600 + 1))
        #expect(try await fixture.send(.put, url, body: film).status == 403)
        await fixture.end()
    }

    @Test(arguments: [
        ("{}", 422), ("[]", 422), ("{", 400), (#"{"filename":"a.mp4"}"#, 422),
        (#"{"filename":"a.mp4","size":"9"}"#, 422), (#"{"filename":"a.mp4","size":0}"#, 422),
        (#"{"filename":"a.mp4","size":-1}"#, 422), (#"{"filename":"","size":1}"#, 422),
        (#"{"filename":"a.mp4","size":1e30}"#, 400),
        (#"{"filename":"a.mp4","size":1,"privacy":"secret"}"#, 422),
        (#"{"filename":"a.mp4","size":1,"privacy":"password"}"#, 422),
        (#"{"filename":"a.mp4","size":1,"title":"a\nb"}"#, 422),
        (#"{"filename":"a.mp4","size":1,"title":" "}"#, 422),
        (#"{"filename":"a.mp4","size":99999999999999}"#, 413),
    ])
    func badWishesAreRefused(body: String, status: Int) async throws {
        let fixture = try await Fixture()
        let token = try await fixture.user("minh")
        let answer = try await fixture.send(.post, "/api/videos/upload", body, token: token)
        #expect(answer.status == status)
        #expect(answer.headers["content-type"] == "application/problem+json")
        await fixture.end()
    }

    @Test func uploadsNeedASignInAndAreLimited() async throws {
        let fixture = try await Fixture { $0.openUploadsMax = 2 }
        let body = #"{"filename":"a.mp4","size":10}"#
        #expect(try await fixture.send(.post, "/api/videos/upload", body).status == 401)
        let token = try await fixture.user("minh")
        for status in [201, 201, 429] {
            let answer = try await fixture.send(.post, "/api/videos/upload", body, token: token)
            #expect(answer.status == status)
        }
        await fixture.end()
    }

    @Test(arguments: [
        "/api/videos/../../etc/passwd", "/api/videos/%2e%2e%2fetc", "/api/videos/1",
        "/api/videos/00000000-0000-7000-8000-00000000000g", "/api/uploads/..%2f..%2fx",
        "/api/videos/00000000-0000-7000-8000-000000000000",
    ])
    func idsOutsideAreNothing(path: String) async throws {
        let fixture = try await Fixture()
        let token = try await fixture.user("minh")
        let answer = try? await fixture.send(.get, path, token: token)
        #expect(answer == nil || (400..<500).contains(answer?.status ?? 0))
        await fixture.end()
    }
}
