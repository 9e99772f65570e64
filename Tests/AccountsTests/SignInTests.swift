import Accounts
import Base
import Contracts
import Database
import HTTP
import HTTPWire
import Testing

@Suite("Accounts: signing in") struct SignInTests {
    @Test func registerAnswersWithUserAndTokens() async throws {
        let fixture = try await Fixture()
        let answer = try await fixture.register("Minh")
        #expect(answer.status == 201)
        #expect(answer.json["user"]?["username"]?.text == "minh")
        #expect(answer.json["user"]?["role"]?.text == "viewer")
        #expect(answer.json["user"]?["password_hash"] == nil)
        #expect(answer.json["expires_in"] == .number(900))
        #expect(answer.headers["Cache-Control"] == "no-store")
        let set = answer.headers.all("Set-Cookie")
        #expect(set.count == 2)
        #expect(set.allSatisfy { $0.contains("HttpOnly") && $0.contains("SameSite=Lax") })
        #expect(set.allSatisfy { !$0.contains("Secure") })
        let token = try #require(answer.json["access_token"]?.text)
        let me = try await fixture.send(.get, "/api/me", token: token)
        #expect(me.status == 200)
        #expect(me.json["email"]?.text == "minh@example.org")
    }

    @Test func cookiesAreSecureBehindHTTPS() async throws {
        let fixture = try await Fixture { $0.publicOrigin = "https://video.example" }
        let set = try await fixture.register().headers.all("Set-Cookie")
        #expect(set.count == 2)
        #expect(set.allSatisfy { $0.contains("; Secure") })
    }

    @Test(arguments: [
        ("{}", 422), ("[]", 422), ("null", 422), ("\"x\"", 422), ("{", 400), ("", 400),
        (#"{"username":1,"email":"a@b.co","password":"correct horse"}"#, 422),
        (#"{"username":null,"email":"a@b.co","password":"correct horse"}"#, 422),
        (#"{"username":["a"],"email":{},"password":"correct horse"}"#, 422),
        (#"{"username":"ab","email":"a@b.co","password":"correct horse"}"#, 422),
        (#"{"username":"a b c","email":"a@b.co","password":"correct horse"}"#, 422),
        (#"{"username":"../etc","email":"a@b.co","password":"correct horse"}"#, 422),
        (#"{"username":"mình","email":"a@b.co","password":"correct horse"}"#, 422),
        (#"{"username":"admin","email":"a@b.co","password":"correct horse"}"#, 422),
        (#"{"username":"minh","email":"nobody","password":"correct horse"}"#, 422),
        (#"{"username":"minh","email":"a@b.co\r\nBcc: x@y.co","password":"correct horse"}"#, 422),
        (#"{"username":"minh","email":"a@b.co","password":"short"}"#, 422),
        (#"{"username":"minh","email":"a@b.co","password":"aaaaaaaaaa"}"#, 422),
        (#"{"username":"minhminh","email":"a@b.co","password":"MinhMinh"}"#, 422),
    ])
    func badRegistrationsAreRefused(body: String, status: Int) async throws {
        let fixture = try await Fixture()
        let answer = try await fixture.send(.post, "/api/auth/register", body)
        #expect(answer.status == status)
        #expect(answer.headers["Content-Type"] == "application/problem+json")
        #expect(try await fixture.accounts.list().isEmpty)
    }

    @Test func allFaultsAreNamedAtOnce() async throws {
        let fixture = try await Fixture()
        let answer = try await fixture.send(
            .post, "/api/auth/register", #"{"username":"!","email":"x","password":"y"}"#)
        #expect(answer.fields == ["username", "email", "password"])
    }

    @Test func namesAndAddressesAreTakenOnce() async throws {
        let fixture = try await Fixture()
        try await fixture.register("minh")
        let again = try await fixture.register("MINH")
        #expect(again.status == 409)
        #expect(!again.fields.isEmpty)
    }

    @Test func closedRegistrationIsForbidden() async throws {
        let fixture = try await Fixture { $0.isRegistrationOpen = false }
        #expect(try await fixture.register().status == 403)
    }

    @Test func logInByNameOrAddress() async throws {
        let fixture = try await Fixture()
        try await fixture.register()
        #expect(try await fixture.logIn("MINH").status == 200)
        let byMail = try await fixture.send(
            .post, "/api/auth/login",
            #"{"email":"minh@example.org","password":"correct horse"}"#)
        #expect(byMail.status == 200)
        #expect(try await fixture.logIn("minh", "wrong horse").status == 401)
        #expect(try await fixture.logIn("nobody", "wrong horse").status == 401)
        let nameless = try await fixture.send(
            .post, "/api/auth/login", #"{"password":"correct horse"}"#)
        #expect(nameless.status == 422)
    }

    @Test func unknownAndWrongLookTheSame() async throws {
        let fixture = try await Fixture()
        try await fixture.register()
        let wrong = try await fixture.logIn("minh", "wrong horse")
        let unknown = try await fixture.logIn("nobody", "wrong horse")
        #expect(wrong.json == unknown.json)
    }

    @Test func guessingIsSlowedDownPerAccount() async throws {
        let fixture = try await Fixture { $0.accountAttempts = 3 }
        try await fixture.register()
        for _ in 0..<3 {
            #expect(try await fixture.logIn("minh", "wrong horse").status == 401)
        }
        let refused = try await fixture.logIn()
        #expect(refused.status == 429)
        let wait = try #require(refused.headers["Retry-After"].flatMap(Int.init))
        #expect((1...30).contains(wait))
        fixture.clock.advance(.seconds(wait))
        #expect(try await fixture.logIn().status == 200)
    }

    @Test func guessingIsSlowedDownPerAddress() async throws {
        let fixture = try await Fixture { $0.addressAttempts = 2 }
        for name in ["a1x", "b2x"] {
            #expect(try await fixture.logIn(name, "wrong horse").status == 401)
        }
        #expect(try await fixture.logIn("c3x", "wrong horse").status == 429)
    }

    @Test func rightPasswordsAreNotCounted() async throws {
        let fixture = try await Fixture { $0.accountAttempts = 2 }
        try await fixture.register()
        for _ in 0..<6 { #expect(try await fixture.logIn().status == 200) }
    }

    @Test func hashesAreMadeAnewAtTheCostOfToday() async throws {
        let fixture = try await Fixture()
        try await fixture.register()
        func stored() async throws -> String {
            try await fixture.database.read { reader in
                try reader.value("select password_hash from users", as: String.self) ?? ""
            }
        }
        #expect(try await stored().hasPrefix("$argon2id$v=19$m=8,t=1,p=1$"))
        let costly = try await Accounts(database: fixture.database)
        for _ in 0..<2 {
            let signIn = try await costly.logIn(
                name: "minh", password: "correct horse", address: "x")
            #expect(signIn.account.username == "minh")
            #expect(try await stored().hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        }
        await #expect(throws: AccountsError.wrongCredentials) {
            try await costly.logIn(name: "minh", password: "wrong horse", address: "x")
        }
    }

    @Test func hashesRunAFewAtATime() async throws {
        let fixture = try await Fixture {
            $0.hashesAtOnce = 1
            $0.accountAttempts = 20
        }
        try await fixture.register()
        let accounts = fixture.accounts
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    let signIn = try? await accounts.logIn(
                        name: "minh", password: "correct horse", address: "x")
                    return signIn != nil
                }
            }
            for await isIn in group { #expect(isIn) }
        }
    }
}
