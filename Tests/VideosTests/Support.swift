import Accounts
import Base
import Contracts
import Database
import Glibc
import HTTP
import HTTPWire
import Jobs
import ObjectStore
import Ring
import Synchronization
import Videos

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
struct Answer: Sendable {
    let status: Int
    let headers: [String: String]
    let body: Bytes
    let json: JSONValue

    init(_ response: Response) async throws {
        status = response.status.code
        var fields: [String: String] = [:]
        response.headers.forEach { fields[$0.lowercased()] = $1 }
        headers = fields
        switch response.body {
        case .bytes(let bytes): body = bytes
        case .file(let file, let offset, let count):
            body = try await file.read(at: offset, count: Int(count))
        default: body = Bytes()
        }
        let isJSON = fields["content-type"]?.contains("json") == true && !body.isEmpty
        json = isJSON ? try JSON.decode(JSONValue.self, from: body) : .null
    }

    var fields: Set<String> {
        Set(json["errors"]?.items.compactMap { $0["field"]?.text } ?? [])
    }
}

/// A clock that tests move.
final class TestClock: Sendable {
    private let offset = Mutex(Duration.zero)

    var now: Timestamp { offset.withLock { Timestamp.now + $0 } }
    func advance(_ span: Duration) { offset.withLock { $0 += span } }
}

/// A transcoder that follows a script: two rungs and sound, three segments each.
final class ScriptedWork: Sendable {
    struct Script {
        /// Dies after so many segments, once for each entry.
        var deaths: [Int] = []
        var unusable: String?
        /// Numbers that were asked for, in order.
        var emitted: [String] = []
        var probes = 0
        /// Called before each segment with how many there were.
        var watch: (@Sendable (Int) async throws -> Void)?
    }

    let script = Mutex(Script())

    static let renditions = [
        Rendition(
            name: "720p", kind: .video, width: 1280, height: 720, bitRate: 2_500_000,
            frameRate: 29.97, codecs: "avc1.64001f"),
        Rendition(
            name: "360p", kind: .video, width: 640, height: 360, bitRate: 700_000,
            frameRate: 29.97, codecs: "avc1.64001e"),
        Rendition(name: "audio", kind: .audio, bitRate: 128_000, codecs: "mp4a.40.2"),
    ]

    static func segment(_ rendition: String, _ number: Int) -> Bytes {
        Bytes(String(repeating: "\(rendition) \(number) ", count: 500))
    }

    var work: MediaWork {
        MediaWork(
            probe: { source in
                _ = try await source()
                let unusable = self.script.withLock { script -> String? in
                    script.probes += 1
                    return script.unusable
                }
                if let unusable { throw MediaWorkError.unusable(unusable) }
                return SourceDescription(
                    durationMilliseconds: 12_000, width: 1280, height: 720, hasVideo: true,
                    hasAudio: true,
                    captions: [EmbeddedCaption(language: "ENG", label: "", text: "WEBVTT\n")],
                    chapters: [Chapter(startMs: 0, title: "Start")])
            },
            thumbnail: { _, _ in Bytes("jpeg") },
            storyboard: { _, _ in
                let board = Storyboard(
                    columns: 2, rows: 2, tileWidth: 160, tileHeight: 90,
                    intervalMilliseconds: 2_000, count: 6)
                return (board, [Bytes("sheet0"), Bytes("sheet1")])
            },
            transcode: { _, _, done, emit in try await self.transcode(done, emit) })
    }

    private func transcode(
        _ done: [String: Int], _ emit: @Sendable (TranscodeEvent) async throws -> Void
    ) async throws {
        let death = script.withLock { $0.deaths.isEmpty ? nil : $0.deaths.removeFirst() }
        try await emit(.renditions(Self.renditions))
        for rendition in Self.renditions {
            try await emit(
                .initialization(rendition: rendition.name, Bytes("init " + rendition.name)))
        }
        var count = 0
        for number in 0..<3 {
            for rendition in Self.renditions where number >= done[rendition.name, default: 0] {
                if let death, count >= death { throw MediaWorkError.interrupted("killed") }
                if let watch = script.withLock({ $0.watch }) { try await watch(count) }
                count += 1
                script.withLock { $0.emitted.append("\(rendition.name)/\(number)") }
                try await emit(
                    .segment(
                        TranscodedSegment(
                            rendition: rendition.name, number: number,
                            durationMicroseconds: 4_000_000,
                            bytes: Self.segment(rendition.name, number),
                            keyframe: rendition.kind == .video ? 0..<100 : 0..<0)))
            }
            try await emit(.progress(Double(number + 1) / 3))
        }
    }
}

/// The whole feature on a real database and a real store in a folder of its own.
final class Fixture: Sendable {
    let folder: String
    let cores: CoreGroup
    let database: Database
    let store: DiskStore
    let accounts: Accounts
    let videos: Videos
    let router: Router
    let clock = TestClock()
    let work = ScriptedWork()
    let changes: AsyncStream<Identifier>
    let jobs: Jobs
    private let isStarted = Atomic(false)

    /// - Parameter earlier: The folder of a fixture that was left as by a crash, to go on with.
    init(
        earlier: String? = nil, _ change: (inout Videos.Settings) -> Void = { _ in }
    ) async throws {
        let folder = earlier ?? "/tmp/sluice-videos-\(Identifier())"
        self.folder = folder
        if earlier == nil { try systemCall { mkdir(folder, 0o700) } }
        cores = try CoreGroup(count: 1, pinned: false)
        database = try Database.open(
            path: folder + "/test.db",
            migrations: Jobs.migrations + AccountMigrations.all + VideoMigrations.all, readers: 1)
        store = try await cores.cores[0].run {
            try await DiskStore.open(root: folder + "/store", minimumFreeBytes: 1 << 20)
        }
        var accountSettings = Accounts.Settings()
        accountSettings.usesCheapHashes = true
        accounts = try await Accounts(database: database, settings: accountSettings)
        var jobSettings = JobSettings()
        jobSettings.backoff = .milliseconds(1)
        jobSettings.poll = .milliseconds(5)
        let (stream, continuation) = AsyncStream.makeStream(
            of: Identifier.self, bufferingPolicy: .bufferingNewest(64))
        changes = stream
        jobs = Jobs(
            database: database, node: NodeIdentity(name: "test"), settings: jobSettings
        ) { continuation.yield($0) }
        var settings = Videos.Settings()
        let clock = clock
        settings.now = { clock.now }
        change(&settings)
        let secret = Array("0123456789abcdef0123456789abcdef".utf8)
        videos = Videos(
            Videos.Dependencies(
                database: database, store: store, jobs: jobs,
                signer: URLSigner(keys: [.init(id: "k1", secret: secret)]),
                authentication: accounts, directory: accounts, passwords: accounts),
            work: work.work, settings: settings)
        var router = Router()
        accounts.addRoutes(to: &router)
        videos.addRoutes(to: &router)
        self.router = router
    }

    /// Ends everything and leaves the folder for the next.
    func leave() async {
        await jobs.stop()
        cores.stop()
        database.close()
    }

    /// Ends everything and removes the folder. Every test calls it last.
    func end() async {
        await jobs.stop()
        cores.stop()
        database.close()
        Self.remove(folder)
    }

    private static func remove(_ path: String) {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                        String(cString: $0)
                    }
                }
                if name != ".", name != ".." { remove(path + "/" + name) }
            }
            closedir(folder)
            rmdir(path)
        } else {
            unlink(path)
        }
    }

    func send(
        _ method: HTTPWire.Method, _ target: String, _ json: String? = nil, body: Bytes? = nil,
        token: String? = nil, headers: [(String, String)] = []
    ) async throws -> Answer {
        let router = router
        return try await cores.cores[0].run {
            var headers = headers
            if let token { headers.append(("Authorization", "Bearer \(token)")) }
            if json != nil { headers.append(("Content-Type", "application/json")) }
            let request = try Request(
                method, target, headers: headers, body: body ?? Bytes(json ?? ""))
            return try await Answer(await router.respond(to: request))
        }
    }

    /// Registers somebody and gives their access token.
    func user(_ name: String) async throws -> String {
        let answer = try await send(
            .post, "/api/auth/register",
            #"{"username":"\#(name)","email":"\#(name)@example.org","password":"correct horse"}"#)
        return answer.json["access_token"]?.text ?? ""
    }

    /// Asks to upload a film of `size` bytes and gives the video's id and the signed address.
    func begin(
        _ token: String, size: Int = 3_000, privacy: String = "public", more: String = ""
    ) async throws -> (id: String, url: String) {
        let answer = try await send(
            .post, "/api/videos/upload",
            #"{"filename":"my_film.mp4","size":\#(size),"privacy":"\#(privacy)"\#(more)}"#,
            token: token)
        return (
            answer.json["video"]?["id"]?.text ?? "", answer.json["upload"]?["url"]?.text ?? ""
        )
    }

    /// Uploads, completes and transcodes a film.
    func film(
        _ token: String, privacy: String = "public", more: String = ""
    ) async throws -> String {
        let (id, url) = try await begin(token, privacy: privacy, more: more)
        _ = try await send(.put, url, body: Bytes([UInt8](repeating: 7, count: 3_000)))
        _ = try await send(.post, "/api/videos/\(id)/complete", token: token)
        try await settle(id)
        return id
    }

    /// Runs the pipeline until the video is ready or failed.
    func settle(_ id: String) async throws {
        let core = cores.cores[0]
        if !isStarted.exchange(true, ordering: .relaxed) {
            videos.startPipeline(concurrency: 1) { body in core.spawn(body) }
            try await jobs.start()
        }
        guard let id = Identifier(id) else { return }
        for await _ in changes {
            let status = try await videos.state(of: id)?.status
            if status == .ready || status == .failed || status == nil { return }
        }
    }
}

extension Fixture {
    func logIn(_ name: String) async throws -> String {
        let answer = try await send(
            .post, "/api/auth/login", #"{"username":"\#(name)","password":"correct horse"}"#)
        return answer.json["access_token"]?.text ?? ""
    }

    static func principal(_ account: Account) -> Principal? {
        Principal(userID: account.id, username: account.username, role: account.role)
    }

    static func write(_ bytes: Bytes, to path: String) async throws {
        let file = try await File.open(path, .createNew)
        try await file.write(bytes, at: 0)
    }
}
