public import Base
public import Contracts
public import Database
public import HTTP
public import Jobs
public import ObjectStore
internal import Synchronization

/// Videos on demand: upload, transcoding, delivery, and the lists that people find them by.
public final class Videos: Sendable {
    /// What an operator decides.
    public struct Settings: Sendable {
        /// The origin put before addresses in answers, as `https://video.example`; nil for
        /// addresses that begin with the path.
        public var publicOrigin: String?
        /// The largest film.
        public var uploadBytesMax: Int64 = 64 << 30
        /// Uploads at once, unfinished, of one account.
        public var openUploadsMax = 20
        /// How long an upload may take from its creation.
        public var uploadLifetime: Duration = .seconds(24 * 3600)
        /// How long an address for playing is good.
        public var playbackLifetime: Duration = .seconds(2 * 3600)
        /// Whether the film that was uploaded is kept once it is transcoded.
        public var keepsSource = true
        /// Origins whose pages may embed the media; empty for all.
        public var embeddingHosts: [String] = []
        /// `Access-Control-Allow-Origin` on media; nil for none.
        public var mediaAllowOrigin: String? = "*"
        /// The clock.
        public var now: @Sendable () -> Timestamp = { .now }

        public init() {}
    }

    /// What Videos stands on.
    public struct Dependencies: Sendable {
        public var database: Database
        public var store: DiskStore
        public var jobs: Jobs
        public var signer: URLSigner
        public var authentication: any Authenticating
        public var directory: any UserDirectory
        public var passwords: any PasswordHashing

        public init(
            database: Database, store: DiskStore, jobs: Jobs, signer: URLSigner,
            authentication: any Authenticating, directory: any UserDirectory,
            passwords: any PasswordHashing
        ) {
            self.database = database
            self.store = store
            self.jobs = jobs
            self.signer = signer
            self.authentication = authentication
            self.directory = directory
            self.passwords = passwords
        }
    }

    let settings: Settings
    let database: Database
    let store: DiskStore
    let jobs: Jobs
    let links: MediaLinks
    let authentication: any Authenticating
    let directory: any UserDirectory
    let passwords: any PasswordHashing
    let work: MediaWork
    /// Uploads that are being written to right now: one writer at a time each.
    let busyUploads = ExclusiveKeys()
    /// Guesses at the passwords of films, by film and network address.
    let unlocks = TokenBuckets(ratePerSecond: 0.1, burst: 10, keysMax: 50_000)

    public init(_ dependencies: Dependencies, work: MediaWork, settings: Settings = Settings()) {
        database = dependencies.database
        store = dependencies.store
        jobs = dependencies.jobs
        authentication = dependencies.authentication
        directory = dependencies.directory
        passwords = dependencies.passwords
        links = MediaLinks(
            signer: dependencies.signer, origin: settings.publicOrigin,
            lifetime: settings.playbackLifetime, now: settings.now)
        self.work = work
        self.settings = settings
    }

    var now: Timestamp { settings.now() }

    /// Adds every route of this feature.
    public func addRoutes(to router: inout Router) {
        addUploadRoutes(to: &router)
        addTusRoutes(to: &router)
        addPageRoutes(to: &router)
        addFeedRoutes(to: &router)
        addCaptionRoutes(to: &router)
        addMediaRoutes(to: &router)
    }

    /// The video `id`, when `viewer` may know that it exists.
    ///
    /// - Throws: 404 when there is none, and when it is not for `viewer`: both look the same.
    func visible(_ id: Identifier, to viewer: Principal?) async throws -> Video {
        let found = try await database.read { reader -> (Video, Bool)? in
            guard let video = try VideoStore.video(id, in: reader) else { return nil }
            let follows =
                try viewer.map {
                    try VideoStore.follows($0.userID, video.ownerID, in: reader)
                } ?? false
            return (video, follows)
        }
        guard let (video, follows) = found,
            VideoAccess.sees(video, viewer: viewer, follows: follows)
        else { throw Problem.notFound }
        return video
    }

    /// The video `id`, which the sender of `request` must own or look after.
    ///
    /// - Throws: 401 without a sign-in; 404 when it is not theirs to see, 403 when not to change.
    func managed(_ id: Identifier, by request: Request) async throws -> (Video, Principal) {
        let principal = try await authentication.require(for: request)
        let video = try await visible(id, to: principal)
        guard principal.mayManage(ownedBy: video.ownerID) else {
            throw Problem.forbidden("Only its owner may do this.")
        }
        return (video, principal)
    }
}

/// Who may watch what.
enum VideoAccess {
    /// Whether `viewer` may see the page of `video`. A password protects the film, not its page.
    static func sees(_ video: Video, viewer: Principal?, follows: Bool) -> Bool {
        if let viewer, viewer.mayManage(ownedBy: video.ownerID) { return true }
        guard video.isPlayable else { return false }
        switch video.privacy {
        case .public, .unlisted, .password: return true
        case .followers: return follows
        case .private: return false
        }
    }

    /// Whether `viewer`, who sees `video`, gets its media without more ado.
    static func plays(_ video: Video, viewer: Principal?) -> Bool {
        if let viewer, viewer.mayManage(ownedBy: video.ownerID) { return true }
        return video.privacy != .password
    }
}

/// Keys that one task at a time may hold.
final class ExclusiveKeys: Sendable {
    private let held = Mutex<Set<Identifier>>([])

    /// Whether `key` was free, and is held now.
    func take(_ key: Identifier) -> Bool { held.withLock { $0.insert(key).inserted } }

    func giveBack(_ key: Identifier) { held.withLock { _ = $0.remove(key) } }
}
