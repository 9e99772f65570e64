import Accounts
import Base
import Contracts
import HTTP
import HTTPWire
import Testing

@Suite("Accounts: sessions") struct SessionTests {
    private func refresh(_ fixture: Fixture, _ token: String) async throws -> Answer {
        try await fixture.send(
            .post, "/api/auth/refresh", #"{"refresh_token":"\#(token)"}"#)
    }

    @Test func refreshRotatesAndReuseEndsTheFamily() async throws {
        let fixture = try await Fixture()
        let first = try await fixture.register()
        let oldToken = try #require(first.json["refresh_token"]?.text)
        let second = try await refresh(fixture, oldToken)
        #expect(second.status == 200)
        let newToken = try #require(second.json["refresh_token"]?.text)
        let access = try #require(second.json["access_token"]?.text)
        #expect(newToken != oldToken)
        #expect(try await fixture.send(.get, "/api/me", token: access).status == 200)
        #expect(try await refresh(fixture, oldToken).status == 401)
        #expect(try await refresh(fixture, newToken).status == 401)
        #expect(try await fixture.send(.get, "/api/me", token: access).status == 401)
    }

    @Test func otherSessionsOutliveAReuse() async throws {
        let fixture = try await Fixture()
        let stolen = try #require(try await fixture.register().json["refresh_token"]?.text)
        let other = try #require(try await fixture.logIn().json["access_token"]?.text)
        #expect(try await refresh(fixture, stolen).status == 200)
        #expect(try await refresh(fixture, stolen).status == 401)
        #expect(try await fixture.send(.get, "/api/me", token: other).status == 200)
    }

    @Test(arguments: ["", "x", "../..", String(repeating: "a", count: 5_000)])
    func madeUpRefreshTokensAreRefused(token: String) async throws {
        let fixture = try await Fixture()
        #expect(try await refresh(fixture, token).status == 401)
    }

    @Test func tokensExpire() async throws {
        let fixture = try await Fixture()
        let answer = try await fixture.register()
        let access = try #require(answer.json["access_token"]?.text)
        let token = try #require(answer.json["refresh_token"]?.text)
        fixture.clock.advance(.seconds(16 * 60))
        let expired = try await fixture.send(.get, "/api/me", token: access)
        #expect(expired.status == 401)
        #expect(expired.headers["WWW-Authenticate"]?.contains("invalid_token") == true)
        fixture.clock.advance(.seconds(31 * 24 * 3600))
        #expect(try await refresh(fixture, token).status == 401)
        try await fixture.accounts.sweep()
    }

    @Test func logOutEndsTheSessionAtOnce() async throws {
        let fixture = try await Fixture()
        let answer = try await fixture.register()
        let access = try #require(answer.json["access_token"]?.text)
        let token = try #require(answer.json["refresh_token"]?.text)
        let out = try await fixture.send(
            .post, "/api/auth/logout", #"{"refresh_token":"\#(token)"}"#)
        #expect(out.status == 204)
        #expect(out.headers.all("Set-Cookie").allSatisfy { $0.contains("Max-Age=0") })
        #expect(try await fixture.send(.get, "/api/me", token: access).status == 401)
        #expect(try await refresh(fixture, token).status == 401)
    }

    @Test func logOutAllEndsEverySession() async throws {
        let fixture = try await Fixture()
        let one = try #require(try await fixture.register().json["access_token"]?.text)
        let two = try #require(try await fixture.logIn().json["access_token"]?.text)
        #expect(try await fixture.send(.post, "/api/auth/logout-all", token: two).status == 204)
        #expect(try await fixture.send(.get, "/api/me", token: one).status == 401)
        #expect(try await fixture.send(.get, "/api/me", token: two).status == 401)
    }

    @Test func disabledUsersAreOutAtOnce() async throws {
        let fixture = try await Fixture()
        let access = try #require(try await fixture.register().json["access_token"]?.text)
        try await fixture.accounts.disable("minh")
        #expect(try await fixture.send(.get, "/api/me", token: access).status == 401)
        #expect(try await fixture.logIn().status == 403)
        #expect(try await fixture.logIn("minh", "wrong horse").status == 401)
        try await fixture.accounts.enable("minh")
        #expect(try await fixture.logIn().status == 200)
    }

    @Test func changingThePasswordEndsTheOthers() async throws {
        let fixture = try await Fixture()
        let other = try #require(try await fixture.register().json["access_token"]?.text)
        let mine = try #require(try await fixture.logIn().json["access_token"]?.text)
        let body = #"{"current_password":"correct horse","new_password":"battery staple"}"#
        let wrong = #"{"current_password":"wrong horse","new_password":"battery staple"}"#
        let short = #"{"current_password":"correct horse","new_password":"x"}"#
        #expect(
            try await fixture.send(.post, "/api/me/password", wrong, token: mine).status == 401)
        #expect(
            try await fixture.send(.post, "/api/me/password", short, token: mine).fields
                == ["new_password"])
        #expect(
            try await fixture.send(.post, "/api/me/password", body, token: mine).status == 204)
        #expect(try await fixture.send(.get, "/api/me", token: mine).status == 200)
        #expect(try await fixture.send(.get, "/api/me", token: other).status == 401)
        #expect(try await fixture.logIn("minh", "battery staple").status == 200)
    }

    @Test(arguments: [
        (##"{"display_name":"Minh Nguyễn 🎬","colour":"#1a2b3c"}"##, 200),
        (#"{}"#, 200), (#"{"display_name":""}"#, 422), (#"{"display_name":"a\u202eb"}"#, 422),
        (#"{"colour":"red"}"#, 422), (##"{"colour":"#1A2B3C"}"##, 422), (#"{"colour":7}"#, 422),
    ])
    func profiles(body: String, status: Int) async throws {
        let fixture = try await Fixture()
        let access = try #require(try await fixture.register().json["access_token"]?.text)
        #expect(
            try await fixture.send(.patch, "/api/me", body, token: access).status == status)
        #expect(try await fixture.send(.patch, "/api/me", body).status == 401)
    }

    @Test func cookiesNeedTheSameOrigin() async throws {
        let fixture = try await Fixture { $0.publicOrigin = "https://video.example" }
        let cookie = try await fixture.register().cookies.joined(separator: "; ")
        func patch(_ headers: [(String, String)]) async throws -> Int {
            try await fixture.send(
                .patch, "/api/me", ##"{"colour":"#000000"}"##,
                headers: [("Cookie", cookie)] + headers
            ).status
        }
        #expect(try await patch([("Origin", "http://localhost")]) == 200)
        #expect(try await patch([("Origin", "https://video.example")]) == 200)
        #expect(try await patch([("Sec-Fetch-Site", "same-origin")]) == 200)
        #expect(try await patch([]) == 403)
        #expect(try await patch([("Origin", "null")]) == 403)
        #expect(try await patch([("Origin", "https://evil.example")]) == 403)
        #expect(try await patch([("Origin", "https://video.example.evil.example")]) == 403)
        #expect(
            try await patch([
                ("Sec-Fetch-Site", "cross-site"), ("Origin", "https://video.example"),
            ]) == 403)
        #expect(try await patch([("Sec-Fetch-Site", "same-site")]) == 403)
        let read = try await fixture.send(.get, "/api/me", headers: [("Cookie", cookie)])
        #expect(read.status == 200)
        let forged = try await fixture.send(
            .post, "/api/auth/refresh",
            headers: [("Cookie", cookie), ("Origin", "https://evil.example")])
        #expect(forged.status == 403)
        let own = try await fixture.send(
            .post, "/api/auth/refresh",
            headers: [("Cookie", cookie), ("Origin", "https://video.example")])
        #expect(own.status == 200)
    }

    @Test func staleCookiesCountAsNone() async throws {
        let fixture = try await Fixture()
        let answer = try await fixture.send(
            .get, "/api/me", headers: [("Cookie", "sluice_access=not.a.token")])
        #expect(answer.status == 401)
        #expect(answer.headers["WWW-Authenticate"] == "Bearer")
    }

    @Test func expiredCookiesAskToBeRenewedAndEndedOnesAreNone() async throws {
        let fixture = try await Fixture { $0.publicOrigin = "https://video.example" }
        let cookie = try await fixture.register().cookies.joined(separator: "; ")
        let own = [("Cookie", cookie), ("Origin", "https://video.example")]
        fixture.clock.advance(.seconds(16 * 60))
        let expired = try await fixture.send(.get, "/api/me", headers: own)
        #expect(expired.headers["WWW-Authenticate"]?.contains("invalid_token") == true)
        #expect(try await fixture.send(.post, "/api/auth/refresh", headers: own).status == 200)
        let reused = try await fixture.send(.post, "/api/auth/refresh", headers: own)
        #expect(reused.status == 401)
        #expect(reused.headers.all("Set-Cookie").count == 2)
        let ended = try await fixture.send(.get, "/api/me", headers: own)
        #expect(ended.status == 401)
        #expect(ended.headers["WWW-Authenticate"] == "Bearer")
    }

    @Test func setUpWorksOnce() async throws {
        let fixture = try await Fixture()
        let token = try #require(try await fixture.accounts.makeSetupToken())
        let body = #"{"token":"\#(token)","username":"admin","password":"correct horse"}"#
        let wrong = #"{"token":"x","username":"admin","password":"correct horse"}"#
        #expect(try await fixture.send(.post, "/api/setup", wrong).status == 403)
        let state = try await fixture.send(.get, "/api/setup")
        #expect(state.json["needs_setup"] == .bool(true))
        let made = try await fixture.send(.post, "/api/setup", body)
        #expect(made.status == 201)
        #expect(made.json["user"]?["role"]?.text == "admin")
        #expect(try await fixture.send(.post, "/api/setup", body).status == 403)
        #expect(try await fixture.accounts.makeSetupToken() == nil)
    }

    @Test func operatorsCommands() async throws {
        let fixture = try await Fixture()
        let accounts = fixture.accounts
        let admin = try await accounts.addUser(
            name: "root", email: nil, isAdmin: true, password: "correct horse")
        #expect(admin.role == .admin)
        await #expect(throws: AccountsError.self) {
            try await accounts.addUser(
                name: "root", email: nil, isAdmin: false, password: "correct horse")
        }
        try await accounts.setPassword(of: "root", to: "battery staple")
        #expect(try await fixture.logIn("root", "battery staple").status == 200)
        #expect(try await fixture.logIn("root").status == 401)
        await #expect(throws: AccountsError.unknownUser) {
            try await accounts.disable("nobody")
        }
        #expect(try await accounts.list().map(\.username) == ["root"])
        #expect(try await accounts.users([admin.id])[admin.id]?.username == "root")
    }
}
