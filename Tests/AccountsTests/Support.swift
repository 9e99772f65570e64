import Accounts
import Base
import Contracts
import Database
import Glibc
import HTTP
import HTTPWire
import Synchronization

/// JSON of any shape.
enum JSONValue: Decodable, Equatable {
    case null, bool(Bool), number(Double), text(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let box = try decoder.singleValueContainer()
        if box.decodeNil() {
            self = .null
        } else if let value = try? box.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? box.decode(Double.self) {
            self = .number(value)
        } else if let value = try? box.decode(String.self) {
            self = .text(value)
        } else if let value = try? box.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try box.decode([String: JSONValue].self))
        }
    }

    subscript(name: String) -> JSONValue? {
        if case .object(let fields) = self { fields[name] } else { nil }
    }

    var text: String? { if case .text(let value) = self { value } else { nil } }
    var items: [JSONValue] { if case .array(let value) = self { value } else { [] } }
}

/// An answer, read whole.
struct Answer {
    let status: Int
    let headers: Headers
    let json: JSONValue

    init(_ response: Response) throws {
        status = response.status.code
        headers = response.headers
        if case .bytes(let bytes) = response.body, !bytes.isEmpty,
            headers["Content-Type"]?.contains("json") == true
        {
            json = try JSON.decode(JSONValue.self, from: bytes)
        } else {
            json = .null
        }
    }

    /// `error fields` of a 422.
    var fields: Set<String> {
        Set(json["errors"]?.items.compactMap { $0["field"]?.text } ?? [])
    }

    /// `name=value` of the cookies that are set.
    var cookies: [String] {
        headers.all("Set-Cookie").map { String($0.prefix { $0 != ";" }) }
    }
}

/// A clock that tests move.
final class TestClock: Sendable {
    private let time = Mutex(Timestamp(seconds: 1_790_000_000))

    var now: Timestamp { time.withLock { $0 } }
    func advance(_ span: Duration) { time.withLock { $0 = $0 + span } }
}

/// Accounts on a database of its own, asked through the router.
final class Fixture {
    let path: String
    let database: Database
    let accounts: Accounts
    let router: Router
    let clock = TestClock()

    init(_ change: (inout Accounts.Settings) -> Void = { _ in }) async throws {
        path = "/tmp/sluice-accounts-\(Identifier()).db"
        database = try Database.open(
            path: path, migrations: AccountMigrations.all, readers: 1)
        var settings = Accounts.Settings()
        settings.usesCheapHashes = true
        let clock = clock
        settings.now = { clock.now }
        change(&settings)
        accounts = try await Accounts(database: database, settings: settings)
        var router = Router()
        accounts.addRoutes(to: &router)
        self.router = router
    }

    deinit {
        database.close()
        for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
    }

    func send(
        _ method: Method, _ target: String, _ json: String? = nil, token: String? = nil,
        headers: [(String, String)] = []
    ) async throws -> Answer {
        var headers = headers
        if let token { headers.append(("Authorization", "Bearer \(token)")) }
        if json != nil { headers.append(("Content-Type", "application/json")) }
        let request = try Request(method, target, headers: headers, body: Bytes(json ?? ""))
        return try Answer(await router.respond(to: request))
    }

    @discardableResult
    func register(_ name: String = "minh") async throws -> Answer {
        try await send(
            .post, "/api/auth/register",
            #"{"username":"\#(name)","email":"\#(name)@example.org","password":"correct horse"}"#)
    }

    func logIn(_ name: String = "minh", _ password: String = "correct horse") async throws
        -> Answer
    {
        try await send(
            .post, "/api/auth/login", #"{"username":"\#(name)","password":"\#(password)"}"#)
    }
}
